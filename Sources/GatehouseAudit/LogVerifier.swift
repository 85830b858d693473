internal import GatehouseCrypto

/// Recomputes a log from its bytes, fed in pieces of any size, segment after segment. Holds one line at most.
///
/// Changed, removed, moved and inserted records show by themselves. A log cut off, or made anew from some record on, shows only against
/// a head kept elsewhere.
public struct LogVerifier {
    private let synced: ChainHead?
    private let known: [ChainHead]
    private let stopsAtSynced: Bool
    private let hasher: Hasher
    private let merkle = MerkleHasher()
    private let checkpoints: [Checkpoint]
    private let uncompared: Int
    private let first: UInt64
    private let key: LogKey?

    /// The last good record.
    public private(set) var head: ChainHead
    /// Nil where what precedes the first record is not known.
    public private(set) var tree: MerkleFrontier?
    private var nextCheckpoint = 0
    private var checkpointsHeld = 0
    private var compared = 0
    /// How many records the last checkpoint or known head that fits is over.
    private var covered: UInt64
    private var tail: UnsignedTail
    private var headText: [UInt8]
    private var digestText: [UInt8] = []
    private var nextKnown = 0
    private var records: UInt64 = 0
    private var partial: [UInt8] = []
    /// Longer than `partial` where no record can be that long.
    private var partialLength = 0
    private var found: LogProblem?
    private var tornBytes = 0
    /// Bytes from the first bad line on.
    private var badBytes = 0
    /// Nil until that segment's end.
    private var badSegmentIsLast: Bool?
    /// Nothing that follows can change the outcome.
    public private(set) var isDecided = false

    /// Bytes of the good records of the segment being read, or read last.
    public private(set) var goodBytes = 0
    private var isAtSegmentStart = true

    /// - Parameters:
    ///   - anchor: what precedes the first record: empty, or the head that deleted segments left.
    ///   - synced: the head that the writer itself kept. Bad lines beyond it at the end of the last segment are a crash's torn tail.
    ///   - known: heads kept elsewhere, that the log must agree with.
    ///   - stopsAtSynced: for a log that is being written: what follows `synced` is not looked at.
    ///   - tree: over what precedes the first record; nil where that is not known. Checkpoints are then not looked at.
    ///   - checkpoints: kept elsewhere, that the log must agree with. Those of less than precedes the first record are not looked at.
    ///   - key: the log's. Where it is given, checkpoints in the log must be signed with it.
    public init(
        after anchor: ChainHead = .empty, synced: ChainHead? = nil, known: [ChainHead] = [], stopsAtSynced: Bool = false,
        tree: MerkleFrontier? = MerkleFrontier(), checkpoints: [Checkpoint] = [], key: LogKey? = nil
    ) {
        self.tree = tree?.size == anchor.sequence ? tree : nil
        self.checkpoints = checkpoints.filter { $0.size >= anchor.sequence }.sorted { $0.size < $1.size }
        uncompared = checkpoints.count - self.checkpoints.count
        first = anchor.sequence + 1
        covered = anchor.sequence
        tail = UnsignedTail(after: anchor.sequence)
        self.key = key
        self.synced = synced
        self.known = (known + (synced.map { [$0] } ?? [])).sorted { $0.sequence < $1.sequence }
        self.stopsAtSynced = stopsAtSynced
        head = anchor
        headText = []
        anchor.hash.appendHex(to: &headText)
        hasher = Hasher.ofRecords()
        checkKnownHeads()
        checkCheckpoints()
        stopAtSynced()
    }

    /// The next bytes of the segment.
    public mutating func update(_ chunk: UnsafeRawBufferPointer) {
        beginSegment()
        var start = 0
        while !isDecided, let end = chunk.firstIndex(of: 0x0a, from: start) {
            if partialLength == 0 {
                take(chunk.part(start..<end))
            } else {
                keep(chunk.part(start..<end))
                takePartial()
            }
            start = end + 1
        }
        if !isDecided { keep(chunk.part(start..<chunk.count)) }
    }

    /// The segment is at its end. A segment ends with a whole line; only the last may end with a torn one.
    public mutating func endSegment(isLast: Bool) {
        beginSegment()
        isAtSegmentStart = true
        if !isDecided, partialLength > 0 {
            if isLast, found == nil {
                tornBytes = partialLength
                partialLength = 0
                partial.removeAll()
            } else {
                takePartial()
            }
        }
        if found != nil, badSegmentIsLast == nil {
            badSegmentIsLast = isLast
            if !isLast, found?.code != .removed { isDecided = true }
        }
    }

    /// The outcome, after the last segment's end.
    public func outcome() -> LogVerification {
        if let found {
            if badSegmentIsLast == true, mayBeTorn(found) {
                return verification(cutOff, tornBytes: badBytes)
            }
            return verification(found, tornBytes: 0)
        }
        return verification(cutOff ?? unsigned, tornBytes: tornBytes)
    }

    private func verification(_ problem: LogProblem?, tornBytes: Int) -> LogVerification {
        LogVerification(
            records: records, head: head, problem: problem, tornBytes: tornBytes, checkpoints: checkpointsHeld, first: first,
            uncompared: uncompared,
            compared: compared, covered: covered, signaturesChecked: key != nil, uncovered: asksForSignatures ? tail.overdue : nil)
    }

    /// Of a log on its own. The head that a state keeps is over everything.
    private var asksForSignatures: Bool { key != nil && synced == nil && tree != nil }

    /// A log whose writer never signed what it signs after each thousand records was made by somebody else.
    private var unsigned: LogProblem? {
        guard asksForSignatures, tail.after < first, tail.length > UnsignedTail.promisedRecords, let range = tail.overdue else {
            return nil
        }
        return LogProblem(
            .unsigned, at: range.lowerBound,
            "no signed checkpoint covers records \(range.lowerBound)..\(range.upperBound), though one is written after each 1,000: the log was made anew"
        )
    }

    private var cutOff: LogProblem? {
        let last = max(known.last?.sequence ?? 0, checkpoints.last?.size ?? 0)
        guard last > head.sequence else { return nil }
        return LogProblem(
            .cutOff, at: head.sequence + 1, "the log ends after record \(head.sequence), but record \(last) is known to have been written")
    }

    private mutating func beginSegment() {
        if isAtSegmentStart { goodBytes = 0 }
        isAtSegmentStart = false
    }

    private mutating func keep(_ piece: UnsafeRawBufferPointer) {
        partialLength += piece.count
        if partialLength <= RecordLimit.line { partial.append(contentsOf: piece) }
    }

    private mutating func takePartial() {
        let line = partial
        let length = partialLength
        partialLength = 0
        partial.removeAll(keepingCapacity: true)
        if length == line.count {
            line.withUnsafeBytes { take($0) }
        } else {
            if found == nil { report(.malformed, "the line in the place of record \(head.sequence + 1) is longer than a record can be") }
            badBytes += length + 1
        }
    }

    private mutating func take(_ line: UnsafeRawBufferPointer) {
        guard found == nil else { return look(atLater: line) }
        let expected = head.sequence + 1
        guard let parsed = LogLine(line) else {
            report(.malformed, "the line in the place of record \(expected) has not the form of a record")
            badBytes += line.count + 1
            return
        }
        check(parsed, expected: expected)
        if found == nil {
            records += 1
            if asksForSignatures { tail.append(parsed) }
            goodBytes += line.count + 1
            tree?.append(head.hash, merkle)
            checkKnownHeads()
            checkCheckpoints()
            stopAtSynced()
        } else {
            badBytes += line.count + 1
        }
    }

    private mutating func check(_ line: LogLine, expected: UInt64) {
        hasher.start()
        hasher.update(line.hashed)
        let digest = hasher.finishSHA256()
        digestText.removeAll(keepingCapacity: true)
        digest.appendHex(to: &digestText)
        guard digestText.equals(line.hashText) else {
            return report(.changed, "the bytes of record \(expected) do not give the hash that it ends with")
        }
        guard line.sequence >= expected else {
            return report(.inserted, "record \(line.sequence) stands again in the place of record \(expected)")
        }
        guard line.sequence == expected else {
            return report(.removed, "record \(expected) is missing; record \(line.sequence) stands in its place")
        }
        guard headText.equals(line.previousText) else {
            return report(.unlinked, "record \(expected) does not follow the record before it: one of them was made anew")
        }
        if line.isOfKind("system"), line.text("action").map({ $0.count == 10 && $0.has("checkpoint", at: 0) }) == true, tree != nil,
            !holds(checkpoint: line)
        {
            return report(
                .rewritten,
                stranger(line)
                    ?? "the signed checkpoint in record \(expected) is not one of the records before it: they were made anew")
        }
        head = ChainHead(sequence: expected, hash: digest)
        swap(&headText, &digestText)
    }

    /// A checkpoint in the log is over everything before it.
    private mutating func holds(checkpoint line: LogLine) -> Bool {
        guard let note = RecordValue(json: line.bytes)?["details"]?["note"]?.string, let signed = SignedCheckpoint(note), let tree,
            signed.checkpoint.size == line.sequence - 1, signed.checkpoint.root == tree.root(merkle),
            key.map({ signed.isSigned(by: $0) }) ?? true
        else { return false }
        checkpointsHeld += 1
        covered = signed.checkpoint.size
        tail = UnsignedTail(after: line.sequence)
        return true
    }

    /// Who signed a checkpoint that is of the records before it, where that is not the log's key.
    private func stranger(_ line: LogLine) -> String? {
        guard let key, let note = RecordValue(json: line.bytes)?["details"]?["note"]?.string, let signed = SignedCheckpoint(note), let tree,
            signed.checkpoint.size == line.sequence - 1, signed.checkpoint.root == tree.root(merkle),
            !signed.signatures.contains(where: { $0.name == key.name && $0.bytes.starts(with: key.id) })
        else { return nil }
        return
            "the checkpoint in record \(line.sequence) is signed by \(signed.signers), not by the key given, \(key.nameAndID): "
            + "the key is another log's, or somebody made this log anew"
    }

    private mutating func checkCheckpoints() {
        while found == nil, let tree, nextCheckpoint < checkpoints.count, checkpoints[nextCheckpoint].size == tree.size {
            let kept = checkpoints[nextCheckpoint]
            nextCheckpoint += 1
            guard kept.root == tree.root(merkle) else {
                return report(
                    .rewritten,
                    "the first \(kept.size) records are not those that the checkpoint kept elsewhere was made of; the log was made anew")
            }
            compared += 1
            covered = kept.size
            tail = UnsignedTail(after: kept.size)
        }
    }

    private mutating func checkKnownHeads() {
        while nextKnown < known.count, known[nextKnown].sequence <= head.sequence {
            let kept = known[nextKnown]
            nextKnown += 1
            if kept.sequence == head.sequence, kept.hash != head.hash {
                return report(
                    .rewritten,
                    "record \(kept.sequence) is not the one that is known; the log was made anew up to there, or from an earlier record on")
            }
            if kept.sequence == head.sequence { covered = kept.sequence }
        }
    }

    private mutating func stopAtSynced() {
        if stopsAtSynced, found == nil, let synced, head.sequence >= synced.sequence { isDecided = true }
    }

    /// After a gap, tells whether the missing record was removed or moved; bad lines are counted, in case they are a torn tail.
    private mutating func look(atLater line: UnsafeRawBufferPointer) {
        badBytes += line.count + 1
        guard let found, found.code == .removed, let parsed = LogLine(line), parsed.sequence == found.sequence else { return }
        self.found = LogProblem(.reordered, at: found.sequence, "record \(found.sequence) stands further down than it belongs")
        decide()
    }

    private mutating func report(_ code: LogProblem.Code, _ message: String) {
        found = LogProblem(code, at: code == .rewritten ? head.sequence : head.sequence + 1, message)
        decide()
    }

    /// More is read only where a missing record may still turn up, or where it may all be a torn tail.
    private mutating func decide() {
        guard let found else { return }
        isDecided = found.code != .removed && !mayBeTorn(found)
    }

    /// A crash leaves half lines and lost pages, never a whole record in a wrong place.
    private func mayBeTorn(_ problem: LogProblem) -> Bool {
        guard let synced, problem.code == .malformed || problem.code == .changed else { return false }
        return problem.sequence > synced.sequence
    }
}

extension [UInt8] {
    fileprivate func equals(_ other: UnsafeRawBufferPointer) -> Bool { withUnsafeBytes { $0.equals(other) } }
}
