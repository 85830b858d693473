/// What is wrong with a log, and from which record on.
public struct LogProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The line's bytes do not give its hash.
        case changed
        /// The record after it in number stands in its place, and it is nowhere.
        case removed
        /// It stands further down.
        case reordered
        /// A record stands there that was there before, or belongs elsewhere.
        case inserted
        /// It is whole, but does not name the record before it: one of the two was made anew.
        case unlinked
        /// It is whole and linked, but a head kept elsewhere says otherwise: the log was made anew up to there.
        case rewritten
        /// A head kept elsewhere names it, and the log ends before it.
        case cutOff = "cut-off"
        /// No record's form.
        case malformed
        /// What should stand in the place of deleted records is missing, not the log's own, or not what follows.
        case anchor
        /// The log's key was given, and it signed nothing of a log so long that it should have.
        case unsigned
    }

    public let code: Code
    /// The `seq` of the first bad record.
    public let sequence: UInt64
    public let message: String

    public init(_ code: Code, at sequence: UInt64, _ message: String) {
        self.code = code
        self.sequence = sequence
        self.message = message
    }

    public var description: String { "record \(sequence): \(message)" }
}

/// The outcome of reading a whole log.
public struct LogVerification: Sendable, Hashable {
    /// Records found good, from the start.
    public var records: UInt64
    /// The last good record.
    public var head: ChainHead
    public var problem: LogProblem?
    /// Bytes after the last record that are the torn tail of a crash: beyond what is known synced, and cut off at the next start.
    public var tornBytes: Int
    /// Signed checkpoints in the log that fit it.
    public var checkpoints: Int
    /// The record that the log begins with: what came before was deleted, and a signed anchor stands in its place. 1 for a whole log.
    public var first: UInt64
    /// Checkpoints kept elsewhere of less than what was deleted: nothing is left that they could be compared with.
    public var uncompared: Int
    /// Checkpoints kept elsewhere that fit.
    public var compared: Int
    /// How many records the last checkpoint or known head that fits is over.
    public var covered: UInt64
    /// Signatures of checkpoints and anchor were verified: the log's key was there.
    public var signaturesChecked: Bool
    /// Records at the end, of a log on its own, that a signed checkpoint should cover by now, and none does. Nil where signatures were not
    /// checked.
    public var uncovered: ClosedRange<UInt64>?

    public init(
        records: UInt64, head: ChainHead, problem: LogProblem?, tornBytes: Int, checkpoints: Int = 0, first: UInt64 = 1,
        uncompared: Int = 0,
        compared: Int = 0, covered: UInt64 = 0, signaturesChecked: Bool = false, uncovered: ClosedRange<UInt64>? = nil
    ) {
        self.compared = compared
        self.covered = covered
        self.signaturesChecked = signaturesChecked
        self.uncovered = uncovered
        self.checkpoints = checkpoints
        self.first = first
        self.uncompared = uncompared
        self.records = records
        self.head = head
        self.problem = problem
        self.tornBytes = tornBytes
    }

    public var isGood: Bool { problem == nil }

    /// What a good outcome leaves open about the log's end.
    public var warning: String? {
        guard isGood, let uncovered else { return nil }
        return "no signed checkpoint covers records \(uncovered.lowerBound)..\(uncovered.upperBound)"
    }

    /// `{"records":N,"ok":true,"head":"…"}` or `{"records":N,"ok":false,"bad_record":17,"problem":"…"}`, without LF, with
    /// `signatures_checked`. Added where there are any: `first`, where it is not 1; kept checkpoints that fit as `checkpoints_compared`,
    /// and those older than the first record as `checkpoints_not_compared`; a `warning`; a torn tail as `torn_bytes`.
    public var json: String {
        var output: [UInt8] = []
        output.write { writer in
            writer.append("{\"records\":")
            writer.append(decimal: records)
            if let problem {
                writer.append(",\"ok\":false,\"bad_record\":")
                writer.append(decimal: problem.sequence)
                writer.append(",\"problem\":", text: problem.message, limit: RecordLimit.value)
            } else {
                writer.append(",\"ok\":true,\"head\":\"")
                writer.append(hex: head.hash)
                writer.append("\",\"checkpoints\":")
                writer.append(decimal: UInt64(clamping: checkpoints))
            }
            writer.append(signaturesChecked ? ",\"signatures_checked\":true" : ",\"signatures_checked\":false")
            if first > 1 {
                writer.append(",\"first\":")
                writer.append(decimal: first)
            }
            if compared > 0 {
                writer.append(",\"checkpoints_compared\":")
                writer.append(decimal: UInt64(clamping: compared))
            }
            if let warning { writer.append(",\"warning\":", text: warning, limit: RecordLimit.value) }
            if uncompared > 0 {
                writer.append(",\"checkpoints_not_compared\":")
                writer.append(decimal: UInt64(clamping: uncompared))
            }
            if tornBytes > 0 {
                writer.append(",\"torn_bytes\":")
                writer.append(decimal: UInt64(tornBytes))
            }
            writer.append("}")
        }
        return String(decoding: output, as: UTF8.self)
    }
}
