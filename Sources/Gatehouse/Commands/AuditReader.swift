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
        guard try log.isThere() else { throw GatewayError(.state, "no log in \(directory)") }
    }

    init(_ log: AuditLog) {
        self.log = log
        policies = nil
    }

    /// Why an old record is not found, for people; nil where nothing was ever deleted.
    public func deletion() throws -> String? {
        let first = try log.firstRecord()
        return first > 1 ? "older records were deleted; the log begins with \(first)" : nil
    }

    /// Hands over the records that match, in the order of the log: all of them, or the newest `limit`.
    /// - Parameter body: gets what is valid only during the call; false ends the reading.
    /// - Returns: the last record that was looked at.
    @discardableResult
    public func review(_ filter: RecordFilter, newest limit: Int? = nil, _ body: (LogLine, LogFields) -> Bool) throws -> UInt64 {
        try log.review(filter, newest: limit, body)
    }

    /// As ``review(_:newest:_:)``, and then what is written from now on, across segments, until `body` returns false or `isOver` true.
    public func follow(
        _ filter: RecordFilter, newest limit: Int?, isOver: () -> Bool, _ body: (LogLine, LogFields) -> Bool
    ) async throws {
        var goesOn = true
        var last = try log.review(filter, newest: limit) { line, fields in
            goesOn = body(line, fields)
            return goesOn
        }
        while goesOn, !isOver() {
            let seen = last
            // From the record before on, so that its place is found at the log's end at once.
            try log.forEachLine(after: seen > 0 ? seen - 1 : 0) { line in
                guard line.sequence > seen else { return true }
                last = line.sequence
                if let fields = filter.matches(line) { goesOn = body(line, fields) }
                return goesOn
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
                let late = endpoint.replay.tolerance ?? timestamp.tolerance ?? .seconds(300)
                let early = endpoint.replay.future ?? timestamp.future ?? .seconds(60)
                for sender in endpoint.senders {
                    let known = result[sender]
                    result[sender] = SkewTolerance(late: min(late, known?.late ?? late), early: min(early, known?.early ?? early))
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
    /// The names of all schemes that its items name, each once.
    var schemeNames: [String] {
        func names(_ item: Requirement) -> [String] {
            switch item {
            case .signature(let name): [name]
            case .any(let items): items.flatMap(names)
            case .oauth, .basic, .certificate: []
            }
        }
        var seen: Set<String> = []
        return authenticate.flatMap(names).filter { seen.insert($0).inserted }
    }
}
