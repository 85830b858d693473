public import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTime
public import GatehouseVerify

/// What `gatehouse secret …` does, on a running gateway and on a stopped one alike. Every change is an `admin` record.
public struct SecretCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// The first version of a credential. `value`: given; nil: generated, and in the outcome this once.
    public func add(_ credential: CredentialName, value: Secret?) throws -> SecretOutcome {
        try change(SecretOperation(action: .add, credential: credential.description), credential, value)
    }

    /// A new active version; the live ones are accepted for `overlap` more (nil: the policy's), with zero not at all.
    public func rotate(_ credential: CredentialName, value: Secret?, overlap: Duration?) throws -> SecretOutcome {
        try change(
            SecretOperation(action: .rotate, credential: credential.description, overlapMicroseconds: overlap?.microseconds), credential,
            value)
    }

    /// Ends a version; refused while it is in use, by the policy's quiet period, and while no other is active, unless forced.
    public func retire(_ credential: CredentialName, version: Int, force: Bool) throws -> SecretOutcome {
        try change(SecretOperation(action: .retire, credential: credential.description, version: version, force: force))
    }

    /// Destroys one version, or every one.
    public func revoke(_ credential: CredentialName, version: Int?) throws -> SecretOutcome {
        try change(SecretOperation(action: .revoke, credential: credential.description, version: version))
    }

    /// Every credential, or one.
    public func status(_ credential: CredentialName?) throws -> [SecretReport] {
        let request = ControlRequest("secret-status", .object(credential.map { ["credential": .string($0.description)] } ?? [:]))
        return try place.perform(request, mode: .existing) { stopped in
            try SecretReport.all(stopped.state, credential, quiet: stopped.policy.gateway.secrets.quiet, at: SystemClock().now)
        }
    }

    /// What ends by itself, next first: certificates of listeners, overlaps, public keys that carry a date.
    public func calendar() throws -> [ExpiryItem] {
        try place.perform(ControlRequest("calendar"), mode: .existing) { stopped in
            try ExpiryItem.all(
                stopped.policy.certificateFiles.map { ($0, try CertificateInfo.load(pemFile: $0).notAfter) },
                stopped.state.credentials.ending(at: SystemClock().now), quiet: stopped.policy.gateway.secrets.quiet, at: SystemClock().now)
        }
    }

    private func change(_ operation: SecretOperation) throws -> SecretOutcome {
        try place.perform(try ControlRequest("secret", encoding: operation)) { try $0.perform(operation, nil) }
    }

    /// A generated value is made here, so that a gateway never holds its text. What cannot be made is left to be refused, and recorded, there.
    private func change(_ operation: SecretOperation, _ credential: CredentialName, _ given: Secret?) throws -> SecretOutcome {
        var operation = operation
        let made = given == nil ? try? CredentialStore.makeValue(for: credential) : nil
        let value = given ?? made
        operation.isGenerated = made != nil
        // Without a directory there is no gateway to hand it to; one that runs says what is wrong with a missing pipe.
        let pipe = try value.flatMap { value in try place.isThere ? ValuePipe(value, in: place.directory) : nil }
        operation.pipe = value == nil ? nil : pipe?.name ?? ""
        var outcome = try withExtendedLifetime(pipe) {
            try place.perform(try ControlRequest("secret", encoding: operation)) { try $0.perform(operation, value) }
        }
        if let made { outcome.secret = made.withBytes { String(decoding: $0, as: UTF8.self) } }
        return outcome
    }
}

/// One credential with its versions, in the shape that `secret status --json` prints.
public struct SecretReport: Codable, Sendable {
    public var credential: String
    public var versions: [Version]

    public struct Version: Codable, Sendable {
        public var version: Int
        /// `active`, `retiring`, `retired`, `revoked`.
        public var state: String
        /// RFC 3339, like every time here.
        public var created: String
        /// Of a retiring version its end to come; of a retired or revoked one when it ended.
        public var accepted_until: String?
        /// Of a public key that carries a date.
        public var expires: String?
        public var first_used: String?
        public var last_used: String?
        public var uses: Int
        /// The 32 that were used last.
        public var addresses: [Address]
        /// Uses from others than ``addresses``; zero: these are all there ever were.
        public var uses_elsewhere: Int
        /// Nil of a version that is not accepted any more.
        public var verdict: String?
    }

    public struct Address: Codable, Sendable {
        public var address: String
        public var last_used: String
        public var uses: Int
    }

    static func all(_ state: State, _ name: CredentialName?, quiet: Duration, at now: WallTime) throws(StateError) -> [SecretReport] {
        try state.credentials.status(name, at: now).map { status in
            SecretReport(
                credential: status.name.description,
                versions: status.versions.map { version in
                    Version(
                        version: version.number, state: version.state.name, created: version.created.description,
                        accepted_until: (version.ended ?? version.acceptedUntil)?.description, expires: version.expires?.description,
                        first_used: version.firstUsed?.description,
                        last_used: version.lastUsed?.description, uses: version.uses,
                        addresses: version.addresses.map {
                            Address(address: $0.address, last_used: $0.lastUsed.description, uses: $0.uses)
                        },
                        uses_elsewhere: max(0, version.uses - version.addresses.reduce(0) { $0 + $1.uses }),
                        verdict: version.state.isLive(at: now) ? status.verdict(version, quiet: quiet, at: now).rawValue : nil)
                })
        }
    }
}

extension VersionState {
    fileprivate var name: String {
        switch self {
        case .active: "active"
        case .retiring: "retiring"
        case .retired: "retired"
        case .revoked: "revoked"
        }
    }
}
