import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseToken

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `gatehouse key …` does, on a running gateway and on a stopped one alike.
public struct KeyCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// The keys whose tokens are accepted, newest first. A state without any has not been started on.
    public func list() throws -> [KeyReport] {
        try place.perform(ControlRequest("key-list"), mode: .existing) { stopped in
            try stopped.withTokens { tokens, now in try KeyReport.all(tokens.signingKeys(), at: now) }
        }
    }

    /// A new key signs from now on; tokens of the old one are good until they expire.
    public func rotate() throws -> KeyOutcome {
        try place.perform(ControlRequest("key-rotate")) { stopped in
            try stopped.recording { record in
                try stopped.withTokens { tokens, now in
                    let change = try tokens.rotateKeys(stopped.policy.gateway.oauth, at: now)
                    try record(Actor(uid: getuid()).record(change).members)
                    return KeyOutcome(change)
                }
            }
        }
    }
}

/// A token-signing key, in the shape that `key list --json` prints.
public struct KeyReport: Codable, Sendable {
    public var kid: String
    public var algorithm: String
    /// `active`: signs; `retiring`: its tokens are accepted until ``acceptedUntil``.
    public var state: String
    /// RFC 3339.
    public var created: String
    public var acceptedUntil: String?

    static func all(_ keys: SigningKeySet, at now: WallTime) -> [KeyReport] {
        keys.live(at: now).keys.map { key in
            var report = KeyReport(
                kid: key.id, algorithm: key.algorithm.rawValue, state: "active", created: key.created.description, acceptedUntil: nil)
            if case .retiring(let until) = key.state {
                report.state = "retiring"
                report.acceptedUntil = until.description
            }
            return report
        }
    }
}

/// What a rotation did.
public struct KeyOutcome: Codable, Sendable {
    /// The key that signs from now on.
    public var kid: String
    public var algorithm: String
    public var retiring: [Retiring]

    public struct Retiring: Codable, Sendable {
        public var kid: String
        /// RFC 3339.
        public var acceptedUntil: String
    }

    init(_ change: SigningKeyChange) {
        kid = change.made ?? ""
        algorithm = change.algorithm.rawValue
        retiring = change.retiring.map { Retiring(kid: $0.kid, acceptedUntil: $0.until.description) }
    }
}

extension Actor {
    func record(_ change: SigningKeyChange) -> AdminRecord {
        AdminRecord(uid: uid, user: user, command: "key rotate", details: change.details)
    }
}

extension StoppedState {
    /// The state's token memory for the length of one call.
    func withTokens<Result>(_ body: (TokenStore, WallTime) throws -> Result) throws -> Result {
        let now = SystemClock().now
        let tokens = try state.openTokens(at: now)
        defer { tokens.close() }
        return try body(tokens, now)
    }
}
