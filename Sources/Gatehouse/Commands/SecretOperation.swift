import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify

/// One change of a credential, as a command asks for it: over the control socket of a running gateway, or on the state of a stopped one.
struct SecretOperation: Codable, Sendable {
    enum Action: String, Codable, Sendable { case add, rotate, retire, revoke }

    var action: Action
    var credential: String
    /// The value is random and was made by the command.
    var isGenerated: Bool?
    /// Names the ``ValuePipe`` that holds the value on its way to a running gateway.
    var pipe: String?
    /// Nil: as long as the policy says.
    var overlapMicroseconds: Int64?
    var version: Int?
    var force: Bool?

    /// Changes the state; durable on return.
    func perform(_ value: Secret?, on state: State, policy: Policy, at now: WallTime) throws(StateError) -> CredentialChange {
        guard let name = CredentialName(credential) else {
            throw StateError(
                .value,
                "\(credential): expected SENDER/signing, SENDER/basic, SENDER/oauth, SENDER/key, SENDER/certificate or SENDER/verify")
        }
        let parts = name.sender.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 1 || (parts.count == 2 && parts[0] == "handler"), parts.allSatisfy({ PolicyText.isSafeName($0) }) else {
            throw StateError(
                .value, "\(credential): no sender can have this name; a sender is named as its file in senders/, a handler as handler/NAME")
        }
        guard parts.count == 1 || name.kind == .signing else {
            throw StateError(
                .value, "\(credential): a handler has one kind of credential, \(name.sender)/signing, which signs what is handed to it")
        }
        if let value, let problem = Self.problem(value, name, policy) {
            throw StateError(.value, "\(credential): this value cannot serve the sender's endpoints: \(problem)")
        }
        let value: CredentialStore.Value = value.map { isGenerated == true ? .made($0) : .given($0) } ?? .generated
        switch action {
        case .add: return try state.credentials.add(name, value: value, at: now)
        case .rotate:
            let overlap = overlapMicroseconds.map { Duration.microseconds($0) } ?? policy.gateway.secrets.overlap
            return try state.credentials.rotate(name, value: value, overlap: overlap, at: now)
        case .retire:
            let quiet = policy.gateway.secrets.quiet
            return try state.credentials.retire(name, version: version ?? 0, quiet: quiet, force: force ?? false, at: now)
        case .revoke: return try state.credentials.revoke(name, version: version, at: now)
        }
    }
}

extension SecretOperation {
    /// What keeps a value from being the key of any scheme that the sender's endpoints ask for: found out now, and not as a mismatch of
    /// every event. Nil where a scheme can use it, and where none asks for one.
    private static func problem(_ value: Secret, _ name: CredentialName, _ policy: Policy) -> String? {
        // A private key is refused as what it is, not for what it cannot do.
        guard name.kind == .signing || name.kind == .key, !value.contains("PRIVATE KEY-----") else { return nil }
        var problem: String?
        for endpoint in policy.endpoints where endpoint.senders.contains(name.sender) {
            for scheme in endpoint.authenticate.flatMap(\.schemes).compactMap({ policy.schemes[$0] })
            where scheme.algorithm.takesPublicKey == (name.kind == .key) {
                guard let found = scheme.problem(withKey: value) else { return nil }
                problem = problem ?? "scheme \(scheme.name): \(found)"
            }
        }
        return problem
    }
}

/// What a change did, as commands print it.
public struct SecretOutcome: Codable, Sendable {
    public var credential: String
    /// The new version, or the one that was ended; nil where every version was.
    public var version: Int?
    /// A generated value, this once.
    public var secret: String?
    /// Versions that are still accepted, until ``acceptedUntil``.
    public var retiring: [Int]
    /// RFC 3339.
    public var acceptedUntil: String?
    /// Versions that are no longer accepted.
    public var ended: [Int]
    /// The credential belongs to nobody whom the policy knows, its key's date has passed or soon will, or nothing will be accepted with it
    /// once its overlaps have ended.
    public var warnings: [String] = []

    init(_ change: CredentialChange, of operation: SecretOperation, policy: Policy, at now: WallTime) {
        self.init(change)
        warnings = [policy.stranger(change.name, operation.action), Self.date(change, now)].compactMap { $0 }
        if let end = change.endsAt {
            warnings.append(
                "no version of \(change.name) is active any more, and nothing is accepted from \(end) on, when the last overlap ends: "
                    + "make another with gatehouse secret rotate \(change.name)")
        }
    }

    /// As ``ExpiryWatch`` first warns of it.
    private static func date(_ change: CredentialChange, _ now: WallTime) -> String? {
        guard let expires = change.expires, expires - now < .seconds(30 * 86_400) else { return nil }
        return "this key has an end of its own (exp), \(expires), which \(expires <= now ? "has passed" : "is within 30 days"): "
            + "it is accepted until it is rotated or retired, but ask its owner for one that lasts"
    }

    /// - Parameter made: the value, where this process made it.
    init(_ change: CredentialChange, made: Secret? = nil) {
        credential = change.name.description
        version = change.version
        secret = (made ?? change.generated).map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
        retiring = change.retiring
        acceptedUntil = change.acceptedUntil?.description
        ended = change.ended
    }
}

extension Policy {
    /// What to know about a credential that no sender and no handler here uses; nil for any other.
    fileprivate func stranger(_ name: CredentialName, _ action: SecretOperation.Action) -> String? {
        guard action == .add || action == .rotate else { return nil }
        let parts = name.sender.split(separator: "/")
        guard parts.count == 2 else {
            guard senders[name.sender] == nil else { return nil }
            return "no sender is named \(name.sender): \(name) counts for nothing until there is senders/\(name.sender).yaml"
        }
        guard !endpoints.contains(where: { $0.deliver.contains { $0.name.map { $0 == parts[1] } ?? false } }) else { return nil }
        return "no handler is named \(parts[1]): \(name) counts for nothing until an endpoint's deliver has name: \(parts[1])"
    }
}

/// Who asked for a change: the `admin` record's actor.
struct Actor: Sendable {
    var uid: UInt32
    var user: String?

    init(uid: UInt32) {
        self.uid = uid
        user = UserName.of(uid)
    }

    /// The record of a change, or of one that was refused.
    func record(_ operation: SecretOperation, _ change: CredentialChange?, refusal: String?) -> AdminRecord {
        var details: [SystemRecord.Detail] = []
        if let change {
            if !change.retiring.isEmpty { details.append(.init("retiring", .list(change.retiring.map(String.init)))) }
            if let until = change.acceptedUntil { details.append(.init("accepted_until", .text(until.description))) }
            if !change.ended.isEmpty { details.append(.init("ended", .list(change.ended.map(String.init)))) }
            if change.forced { details.append(.init("forced", .flag(true))) }
        }
        return AdminRecord(
            uid: uid, user: user, command: "secret \(operation.action.rawValue)", credential: operation.credential,
            version: change?.version ?? operation.version, result: refusal ?? "ok", details: details)
    }
}
