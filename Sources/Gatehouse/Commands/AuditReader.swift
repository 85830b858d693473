public import GatehouseAudit
import GatehousePolicy
import GatehouseState
internal import GatehouseTime

/// A log to be looked at, beside a running gateway, of a stopped one, or a copy of one on a machine that has neither state nor policy.
/// Only reads, and takes no lock.
public struct AuditReader: Sendable {
    let log: AuditLog
    private let policies: String?

    /// The log of a policy directory's state.
    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws {
        log = AuditLog(directory: try StatePlace(policies: policies).directory + "/audit")
        self.policies = policies
    }

    /// A directory of segments, or one file with a whole log.
    /// - Throws: where there is no log.
    public init(directory: String) throws {
        log = AuditLog(path: directory)
        policies = nil
        guard try log.isThere() else {
            throw GatewayError(
                .state,
                "no log in \(directory): expected a directory with the segments of a state's `audit`; of a forwarded copy give the file's path"
            )
        }
    }

    init(_ log: AuditLog) {
        self.log = log
        policies = nil
    }

    /// Why the record with that reference is not found, for people, and when it was deleted; nil where it is not one that was. A reference
    /// tells when its request came, so what is younger than the log's first record was never in it.
    public func deletion(of reference: Reference) throws -> String? {
        let first = try log.firstRecord()
        guard first > 1 else { return nil }
        var begin: WallTime?
        try log.forEachLine(after: first - 1, through: first) { line in
            begin = line.time
            return false
        }
        // Records are written within the longest time that a request may take.
        guard let begin, reference.time < begin else { return nil }
        let what = "that reference is from \(reference.time), and the records"
        var found: String?
        try log.review(RecordFilter(since: reference.time, everyKind: true)) { line, _ in
            guard let record = LogRecord(retention: line), let details = record.value["details"], let last = details["last"]?.integer,
                let before = details["before"]?.string.flatMap({ WallTime(rfc3339: Array($0.utf8)) }), reference.time < before
            else { return true }
            found =
                "\(what) up to \(last), of before \(before), were deleted at \(record.time), since their time to be kept was over "
                + "(audit.keep); record \(record.sequence) says so"
            return false
        }
        return found ?? "\(what) of that time were deleted (audit.keep); the log begins with record \(first), of \(begin)"
    }

    /// Hands over the records that match, in the order of the log: all of them, or the newest `limit`.
    /// - Parameter body: gets what is valid only during the call; false ends the reading.
    @discardableResult
    public func review(_ filter: RecordFilter, newest limit: Int? = nil, _ body: (LogLine, LogFields) -> Bool) throws -> Review {
        let review = try log.review(filter, newest: limit, body)
        return Review(last: review.last, noRecords: review.noRecords)
    }

    /// What a review looked at.
    public struct Review: Sendable, Hashable {
        /// The last record; 0 where there was none.
        public var last: UInt64
        /// Lines that have not the form of a record.
        public var noRecords: Int
    }

    /// As ``review(_:newest:_:)``, and then what is written from now on, across segments and renamings of a followed file, until `body`
    /// returns false or `isOver` true.
    public func follow(
        _ filter: RecordFilter, newest limit: Int?, isOver: () -> Bool, _ body: (LogLine, LogFields) -> Bool
    ) async throws {
        var goesOn = true
        // Before anything is read of it, so that it stays the same file if it is renamed meanwhile.
        var tail = try log.tail()
        defer { tail?.close() }
        var last = try log.review(filter, newest: limit) { line, fields in
            goesOn = body(line, fields)
            return goesOn
        }.last
        while goesOn, !isOver() {
            let seen = last
            func take(_ line: LogLine) -> Bool {
                guard line.sequence > last else { return true }
                last = line.sequence
                if let fields = filter.matches(line) { goesOn = body(line, fields) }
                return goesOn
            }
            if tail != nil {
                try tail?.forEachLine(after: seen, take)
            } else {
                // From the record before on, so that its place is found at the log's end at once.
                try log.forEachLine(after: seen > 0 ? seen - 1 : 0, take)
            }
            if last == seen { try await Task.sleep(for: .milliseconds(200)) }
        }
    }

    /// How late and how early a sender's requests may be, by sender: the strictest of its endpoints. Empty for a copied log, and where the
    /// policy cannot be read.
    public func tolerances() -> [String: SkewTolerance] {
        guard let policies, let policy = try? Policy.load(directory: policies, checkingFiles: false) else { return [:] }
        var result: [String: SkewTolerance] = [:]
        for endpoint in policy.endpoints {
            for scheme in endpoint.schemeNames.compactMap({ policy.schemes[$0] }) {
                guard let timestamp = scheme.timestamp else { continue }
                let own = endpoint.tolerance(of: timestamp)
                for sender in endpoint.senders {
                    let known = result[sender] ?? own
                    result[sender] = SkewTolerance(late: min(own.late, known.late), early: min(own.early, known.early))
                }
            }
        }
        return result
    }
}

/// How far a sender's clock may be off.
public struct SkewTolerance: Sendable, Hashable {
    /// Arrival after the signed time.
    public var late: Duration
    /// Arrival before it.
    public var early: Duration
}

extension EndpointPolicy {
    /// What a scheme with that timestamp may be off here.
    func tolerance(of timestamp: TimestampSource?) -> SkewTolerance {
        SkewTolerance(
            late: replay.tolerance ?? timestamp?.tolerance ?? .seconds(300), early: replay.future ?? timestamp?.future ?? .seconds(60))
    }

    /// The names of all schemes that its items name, each once.
    var schemeNames: [String] {
        var seen: Set<String> = []
        return authenticate.flatMap(\.schemes).filter { seen.insert($0).inserted }
    }
}
