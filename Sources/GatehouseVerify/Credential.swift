public import GatehouseCrypto
public import GatehouseTime

/// What a credential proves a sender with.
public enum CredentialKind: String, Sendable, Hashable, CaseIterable {
    /// A shared secret that signs events, or is compared for equality.
    case signing
    /// User and password of HTTP Basic authentication; the value is an encoded ``BasicVerifier``.
    case basic
    /// An OAuth client secret.
    case oauth
    /// A public key: PEM, JWK or the form that the sender's scheme names.
    case key
    /// A client certificate's subject (RFC 4514) or `sha256//BASE64` pin.
    case certificate
    /// The token that a sender brings in handshakes, where it is another secret than `signing`.
    case verify
}

/// `SENDER/KIND`, as commands and records write it.
public struct CredentialName: Sendable, Hashable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    public var sender: String
    public var kind: CredentialKind

    public init(sender: String, kind: CredentialKind) {
        self.sender = sender
        self.kind = kind
    }

    /// The part after the last slash is the kind, so that `handler/erp/signing` is the signing credential of `handler/erp`. Nil for a
    /// kind that does not exist and for an empty sender.
    public init?(_ description: String) {
        guard let slash = description.lastIndex(of: "/"), slash != description.startIndex,
            let kind = CredentialKind(rawValue: String(description[description.index(after: slash)...]))
        else { return nil }
        self.init(sender: String(description[..<slash]), kind: kind)
    }

    public var description: String { "\(sender)/\(kind.rawValue)" }

    public static func < (left: CredentialName, right: CredentialName) -> Bool {
        (left.sender, left.kind.rawValue) < (right.sender, right.kind.rawValue)
    }
}

/// How far a version's word still counts.
public enum VersionState: Sendable, Hashable {
    case active
    /// Accepted before `until` and not at it.
    case retiring(until: WallTime)
    /// Never accepted; kept to tell `signed-with-retired` from a plain mismatch.
    case retired
    /// Its value is destroyed.
    case revoked

    public func isLive(at now: WallTime) -> Bool {
        switch self {
        case .active: true
        case .retiring(let until): now < until
        case .retired, .revoked: false
        }
    }
}

/// The value of one version. Sealed values are opened when they are first used.
public protocol CredentialValue: Sendable {
    /// What verifying needs: for `signing`, `key` and `certificate` the text as it was given; for `basic` an encoded ``BasicVerifier``.
    /// Throws where the value cannot be had at all, which is no verdict about the request.
    func open() throws -> Secret
}

/// A value that is held open: for fixtures and tests.
public struct PlainCredential: CredentialValue {
    private let secret: Secret

    public init(_ secret: Secret) { self.secret = secret }
    public init(_ text: String) { self.init(Secret(utf8: text)) }

    public func open() -> Secret { secret }
}

/// A numbered value of a credential. Numbers begin at 1 and are never used again.
public struct CredentialVersion: Sendable {
    public var number: Int
    public var state: VersionState
    public var created: WallTime
    public var value: any CredentialValue

    public init(number: Int, state: VersionState, created: WallTime, value: any CredentialValue) {
        self.number = number
        self.state = state
        self.created = created
        self.value = value
    }
}

/// Every credential of a state, as one immutable value.
public struct CredentialSet: Sendable {
    /// Newest first.
    public private(set) var versions: [CredentialName: [CredentialVersion]]

    /// The versions may come in any order.
    public init(_ versions: [CredentialName: [CredentialVersion]] = [:]) {
        self.versions = versions.mapValues { $0.sorted { $0.number > $1.number } }
    }

    /// Newest first; empty where there is none.
    public subscript(name: CredentialName) -> [CredentialVersion] { versions[name] ?? [] }

    /// The versions whose word counts at `now`, newest first.
    public func live(_ name: CredentialName, at now: WallTime) -> [CredentialVersion] { self[name].filter { $0.state.isLive(at: now) } }
}

/// Keys for this gateway's own digests, derived from the master key.
public struct DerivedKeys: Sendable {
    /// Keys the digests by which duplicates are known.
    public let replay: Secret
    /// Keys the digests that stand for passwords and for secrets compared for equality.
    public let passwords: Secret

    public init(replay: Secret, passwords: Secret) {
        self.replay = replay
        self.passwords = passwords
    }
}
