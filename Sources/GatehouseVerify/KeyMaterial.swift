public import GatehouseCrypto
public import GatehousePolicy

/// A credential's value, opened and made ready. Belongs to one workspace.
enum KeyMaterial {
    case mac(MAC)
    /// Keyed digest of a value that is compared for equality.
    case equality(BodyDigest)
    case embedded(Secret)
    case publicKey(PublicKey, SignatureScheme)
    case basic(BasicVerifier)
    case certificate(CertificatePattern)
    /// The value is no key of the sort that the scheme needs.
    case unusable
    /// The value could not be opened: no verdict can be reached with it.
    case unavailable

    static func open(_ slot: KeySlot, minimumKeyBytes: Int, passwords: MAC) -> KeyMaterial {
        let value: Secret
        do { value = try slot.version.value.open() } catch { return .unavailable }
        switch slot.use {
        case .mac(let digest, let form):
            guard let key = form.key(from: value), key.count >= minimumKeyBytes, let mac = try? MAC(digest, key: key) else {
                return .unusable
            }
            return .mac(mac)
        case .equality(let form):
            guard let key = form.key(from: value), key.count >= minimumKeyBytes,
                let digest = key.withBytes({ equalityDigest($0, mac: passwords) })
            else { return .unusable }
            return .equality(digest)
        case .embedded(let form):
            guard let key = form.key(from: value), key.count >= minimumKeyBytes else { return .unusable }
            return .embedded(key)
        case .publicKey(let algorithm, let form):
            guard let scheme = algorithm.signatureScheme, let key = form.publicKey(from: value, for: algorithm) else { return .unusable }
            return .publicKey(key, scheme)
        case .basic:
            guard let verifier = try? BasicVerifier(decoding: value) else { return .unusable }
            return .basic(verifier)
        case .certificate:
            guard let pattern = CertificatePattern(value) else { return .unusable }
            return .certificate(pattern)
        }
    }

    /// Nil where OpenSSL failed.
    static func equalityDigest(_ value: UnsafeRawBufferPointer, mac: MAC) -> BodyDigest? {
        mac.start()
        KeyedDomain.equality.withBytes { mac.update($0) }
        mac.update(value)
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            mac.finish(into: output) == 32 ? BodyDigest(UnsafeRawBufferPointer(output)) : nil
        }
    }
}

extension Scheme {
    /// What keeps a credential's value from serving as this scheme's key, said without quoting it; nil where nothing does.
    ///
    /// - Parameter minimumBytes: of the key once prefix and encoding are off (SEC-54).
    public func problem(withKey value: Secret, minimumBytes: Int = 12) -> String? {
        for algorithm in algorithms {
            if algorithm.isAsymmetric {
                guard key.publicKey(from: value, for: algorithm) != nil else {
                    return "the value is no public key that \(algorithm.rawValue) signatures can be checked with (scheme \(name))"
                }
            } else {
                guard let bytes = key.key(from: value) else {
                    return "the value is not \(key.decode.rawValue), as scheme \(name) has its keys"
                }
                guard bytes.count >= minimumBytes else {
                    return "the key has \(bytes.count) bytes once decoded as scheme \(name) says; at least \(minimumBytes) are needed"
                }
            }
        }
        return nil
    }

    /// One, or those the sender may choose among.
    var algorithms: [SignatureAlgorithm] {
        if case .algorithm(_, let algorithms) = signature.layout { return algorithms }
        return [algorithm]
    }
}

extension SignatureAlgorithm {
    var isAsymmetric: Bool { signatureScheme != nil }

    var signatureScheme: SignatureScheme? {
        switch self {
        case .ed25519: .ed25519
        case .ecdsaP256DER: .ecdsaP256SHA256DER
        case .ecdsaP256Raw: .ecdsaP256SHA256Raw
        case .rsaPKCS1SHA1: .rsaPKCS1(.sha1)
        case .rsaPKCS1SHA256: .rsaPKCS1(.sha256)
        case .rsaPSSSHA256: .rsaPSS(.sha256)
        case .rsaPSSSHA512: .rsaPSS(.sha512)
        case .hmacSHA1, .hmacSHA256, .hmacSHA384, .hmacSHA512, .sha256, .equality: nil
        }
    }

    var digest: DigestAlgorithm? {
        switch self {
        case .hmacSHA1: .sha1
        case .hmacSHA256: .sha256
        case .hmacSHA384: .sha384
        case .hmacSHA512: .sha512
        default: nil
        }
    }

    /// Bytes that a signature must have; nil where the key or the encoding decides.
    var signatureLength: Int? {
        switch self {
        case .sha256: 32
        case .ed25519, .ecdsaP256Raw: 64
        default: digest?.length
        }
    }

    func takes(_ kind: KeyKind) -> Bool {
        switch (self, kind) {
        case (.ed25519, .ed25519), (.ecdsaP256DER, .p256), (.ecdsaP256Raw, .p256): true
        case (.rsaPKCS1SHA1, .rsa), (.rsaPKCS1SHA256, .rsa), (.rsaPSSSHA256, .rsa), (.rsaPSSSHA512, .rsa): true
        default: false
        }
    }

    /// The credential that holds its key.
    var credential: CredentialKind { isAsymmetric ? .key : .signing }

    func use(_ form: KeyForm) -> KeyUse {
        if isAsymmetric { return .publicKey(self, form) }
        if let digest { return .mac(digest, form) }
        return self == .sha256 ? .embedded(form) : .equality(form)
    }
}

extension KeyForm {
    /// The key's bytes; nil where the text is not of this form or nothing is left of it.
    func key(from value: Secret) -> Secret? {
        value.withBytes { bytes in
            var text = bytes
            if let strip, text.hasPrefix(Array(strip.utf8)) { text = text.slice(strip.utf8.count, text.count) }
            guard !text.isEmpty else { return nil }
            switch decode {
            case .raw: return Secret(copying: text)
            case .base64, .spki: return Self.decoded(text) { Base64.decode($0, into: $1) }
            case .hex: return Self.decoded(text) { Hex.decode($0, into: $1) }
            }
        }
    }

    /// PEM and JWK are known by how they begin; else the scheme's own form, where 32 bytes are a raw Ed25519 key and anything else is a
    /// SubjectPublicKeyInfo. Nil where it is no key for `algorithm`.
    func publicKey(from value: Secret, for algorithm: SignatureAlgorithm) -> PublicKey? {
        let bytes = value.withBytes { Array($0) }
        let key: PublicKey?
        if bytes.starts(with: "-----BEGIN".utf8) {
            key = try? PublicKey(pem: String(decoding: bytes, as: UTF8.self))
        } else if bytes.first == UInt8(ascii: "{") {
            key = try? PublicKey(jwk: bytes)
        } else {
            guard let own = self.key(from: value)?.withBytes({ Array($0) }) else { return nil }
            key = algorithm == .ed25519 && own.count == 32 ? try? PublicKey(ed25519: own) : try? PublicKey(spki: own)
        }
        return key.flatMap { algorithm.takes($0.kind) ? $0 : nil }
    }

    /// Decodes without a copy outside wiped memory.
    private static func decoded(
        _ text: UnsafeRawBufferPointer, _ decode: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Int?
    ) -> Secret? {
        var count: Int?
        let room = try? Secret(count: text.count) { output in count = decode(text, output) }
        guard let count, count > 0, let room else { return nil }
        return room.withBytes { Secret(copying: $0.slice(0, count)) }
    }
}
