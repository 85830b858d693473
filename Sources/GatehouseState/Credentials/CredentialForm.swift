import GatehouseCrypto
import GatehouseToken
import GatehouseVerify

/// A value that has the form its kind takes, ready to be sealed.
struct CredentialForm {
    /// What is sealed: see `CredentialValue`.
    let stored: Secret
    /// Bytes that are equal exactly where two values mean the same. Of passwords and client secrets, which people choose, it takes as long
    /// to guess as the verifier itself.
    let identity: Secret?

    /// Checks a value that somebody gives. The messages say what was expected and never quote the value.
    init(given value: Secret, for name: CredentialName, keys: DerivedKeys) throws(StateError) {
        guard value.count > 0 else { throw Self.refused(name, "the value is empty") }
        let most = name.kind == .key ? Self.maximumKeySet : Self.maximumLength
        guard value.count <= most else { throw Self.refused(name, "the value has \(value.count) bytes, and at most \(most) are taken") }
        switch name.kind {
        case .signing, .verify:
            try Self.checkSigning(value, name)
            self.init(stored: value, identity: value)
        case .basic:
            try Self.checkBasic(value, name)
            self.init(
                stored: try Self.verifier(value, name, generated: false, keys),
                identity: try Self.stretched(value, after: name.sender.utf8.count + 1, name, keys))
        case .oauth:
            try Self.checkOAuth(value, name)
            self.init(
                stored: try Self.verifier(.pair(name.sender, value), name, generated: false, keys),
                identity: try Self.stretched(value, name, keys))
        case .key:
            self.init(stored: value, identity: Secret(try Self.keyIdentity(value, name)))
        case .certificate:
            self.init(stored: value, identity: Secret(utf8: try Self.certificate(value, name)))
        }
    }

    /// A value that ``text(for:)`` made.
    init(generated text: Secret, for name: CredentialName, keys: DerivedKeys) throws(StateError) {
        switch name.kind {
        case .signing, .verify: self.init(stored: text, identity: text)
        case .basic:
            self.init(
                stored: try Self.verifier(text, name, generated: true, keys),
                identity: try Self.stretched(text, after: name.sender.utf8.count + 1, name, keys))
        case .oauth:
            self.init(
                stored: try Self.verifier(.pair(name.sender, text), name, generated: true, keys),
                identity: try Self.stretched(text, name, keys))
        case .key, .certificate: try self.init(given: text, for: name, keys: keys)
        }
    }

    /// A fresh value as it is shown once.
    static func text(for name: CredentialName) throws(StateError) -> Secret {
        let random: Secret
        do { random = try Secret(random: 32) } catch { throw StateError(.value, "\(name): no random value could be made: \(error)") }
        switch name.kind {
        case .signing: return .base64("whsec_", of: random)
        case .basic: return .pair(name.sender, .base64(of: random, alphabet: .url, padded: false))
        case .oauth, .verify: return .base64(of: random, alphabet: .url, padded: false)
        case .key:
            throw refused(name, "a public key cannot be generated here: the sender makes the pair and gives its public half (--value-file)")
        case .certificate: throw refused(name, "a subject or pin cannot be generated: give it with --value-file")
        }
    }

    private init(stored: Secret, identity: Secret?) {
        self.stored = stored
        self.identity = identity
    }

    /// In bytes: an RSA key of 16,384 bits in PEM fits.
    private static let maximumLength = 8192
    /// A JWK Set with several of them.
    private static let maximumKeySet = 16_384
    private static let minimumSecret = 12

    private static func refused(_ name: CredentialName, _ reason: String) -> StateError { StateError(.value, "\(name): \(reason)") }

    /// For what is public.
    private static func text(_ value: Secret) -> String { value.withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension CredentialForm {
    private static func checkSigning(_ value: Secret, _ name: CredentialName) throws(StateError) {
        if value.contains("-----BEGIN") {
            let place = "\(name.sender)/\(value.contains("CERTIFICATE") ? "certificate" : "key")"
            throw refused(
                name,
                value.contains("PRIVATE KEY")
                    ? "this is a private key, which the gateway must not have; register its public half as \(name.sender)/key"
                    : "this is no shared secret: certificates and public keys are registered as \(place)")
        }
        // `whsec_` is followed by base64 (Standard Webhooks) or by characters that are the key themselves (Stripe).
        let marked = value.hasPrefix("whsec_")
        let count = marked ? value.decodedCount(from: 6) ?? value.count - 6 : value.count
        guard count >= minimumSecret else {
            throw refused(
                name,
                "the secret has \(count) bytes\(marked ? " behind whsec_" : ""), and at least \(minimumSecret) are needed: "
                    + "ask the sender for a longer one, or leave the value out to have one made")
        }
    }

    private static func checkBasic(_ value: Secret, _ name: CredentialName) throws(StateError) {
        let parts: (user: [UInt8], password: Int, clean: Bool)? = value.withBytes { bytes in
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            return (Array(bytes[..<colon]), bytes.count - colon - 1, bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        }
        guard let parts, parts.user.elementsEqual(name.sender.utf8) else {
            throw refused(name, "expected \(name.sender):PASSWORD, with the sender's name as the user")
        }
        guard parts.clean else {
            throw refused(name, "user and password must not hold control characters (RFC 7617); is there a line break at the end?")
        }
        guard parts.password >= minimumSecret else {
            throw refused(name, "the password has \(parts.password) bytes, and at least \(minimumSecret) are needed")
        }
    }

    private static func checkOAuth(_ value: Secret, _ name: CredentialName) throws(StateError) {
        guard value.withBytes({ $0.allSatisfy { $0 >= 0x20 && $0 <= 0x7e } }) else {
            throw refused(name, "a client secret is printable ASCII (RFC 6749 appendix A.2)")
        }
        let most = BasicVerifier.maximumLength - name.sender.utf8.count - 1
        guard value.count <= most else { throw refused(name, "the client secret has \(value.count) bytes, and at most \(most) are taken") }
        guard value.count >= minimumSecret else {
            throw refused(name, "the client secret has \(value.count) bytes, and at least \(minimumSecret) are needed")
        }
    }

    /// The digest of a public key, or of all of a JWK Set's (RFC 7517 section 5).
    private static func keyIdentity(_ value: Secret, _ name: CredentialName) throws(StateError) -> [UInt8] {
        guard value.hasPrefix("{"), value.contains("\"keys\"") else { return try publicKey(value, name).spkiSHA256 }
        do throws(JWKError) {
            let keys = try VerificationKeySet(value.withBytes { Array($0) }).keys.map(\.key.spkiSHA256)
            if keys.count == 1, let only = keys.first { return only }
            return Digest.sha256(keys.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 })
        } catch {
            throw refused(name, error.description)
        }
    }

    private static func publicKey(_ value: Secret, _ name: CredentialName) throws(StateError) -> PublicKey {
        if value.contains("PRIVATE KEY-----") || value.hasPrefix("whsk_") {
            throw refused(
                name,
                "this is a private key: give the public half (openssl pkey -in FILE -pubout), "
                    + "and keep the private one away from the gateway"
            )
        }
        let text = text(value)
        if text.contains("-----BEGIN CERTIFICATE") {
            throw refused(name, "expected a public key, and this is a certificate: openssl x509 -in FILE -pubkey -noout")
        }
        if !text.hasPrefix("-----BEGIN"), let start = text.firstRange(of: "-----BEGIN ") {
            let lines = text[..<start.lowerBound].utf8.count { $0 == 0x0a }
            throw refused(
                name,
                "there is other text before -----BEGIN PUBLIC KEY-----\(lines > 0 ? " (\(lines) line\(lines == 1 ? "" : "s"))" : ""): "
                    + "cut it, so that the value begins with that line")
        }
        // The first alone would be used, and what the others sign refused.
        let blocks = text.ranges(of: "-----BEGIN ").count
        guard blocks <= 1 else {
            throw refused(
                name,
                "expected one public key, and there are \(blocks): give them together as a JWK Set, or make each a version of its own "
                    + "with `gatehouse secret rotate \(name)`")
        }
        let key = try anyPublicKey(text, name)
        // Nothing here verifies with a key of another kind, or against what the key itself is marked for.
        guard key.kind != .other else { throw refused(name, "expected \(verifyingKeys), and this is a public key of another kind") }
        if text.hasPrefix("{"), let members = StrictJSON(Array(text.utf8))?.members, let mark = otherPurpose(members, key.kind) {
            throw refused(name, "expected \(verifyingKeys) that is for checking signatures, and \(mark)")
        }
        return key
    }

    private static let verifyingKeys = "an Ed25519 key, an ECDSA key on P-256 or an RSA key of at least 2048 bits"

    /// Which member of a JWK says that it is for something else than checking signatures with a key of this kind (RFC 7517 sections 4.2 to
    /// 4.4).
    private static func otherPurpose(_ members: [String: StrictJSON], _ kind: KeyKind) -> String? {
        if let use = members["use"], use.text != "sig" { return "`use` of this JWK is not sig" }
        if let operations = members["key_ops"], operations.elements?.contains(.string("verify")) != true {
            return "`key_ops` of this JWK lacks verify"
        }
        let algorithms: [String] =
            switch kind {
            case .ed25519: ["EdDSA", "Ed25519"]
            case .p256: ["ES256"]
            case .rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
            case .other: []
            }
        guard let named = members["alg"], !(named.text.map(algorithms.contains) ?? false) else { return nil }
        return "`alg` of this JWK is none of \(algorithms.joined(separator: ", "))"
    }

    /// In any of the forms that senders show their keys in.
    private static func anyPublicKey(_ text: String, _ name: CredentialName) throws(StateError) -> PublicKey {
        do throws(CryptoError) {
            if text.hasPrefix("-----BEGIN") { return try PublicKey(pem: text) }
            if text.hasPrefix("{") { return try PublicKey(jwk: Array(text.utf8)) }
            let plain = text.hasPrefix("whpk_") ? String(text.dropFirst(5)) : text
            if let raw = Hex.decode(plain), raw.count == 32 { return try PublicKey(ed25519: raw) }
            guard let bytes = Base64.decode(plain) ?? Base64.decode(plain, alphabet: .url) else {
                throw CryptoError(.malformed, "neither PEM, JWK, base64 nor hex")
            }
            // A PKCS #8 key is a sequence that begins with version 0 or 1.
            if bytes.count > 5, bytes[0] == 0x30, bytes.prefix(8).firstRange(of: [0x02, 0x01]) != nil, (try? PublicKey(spki: bytes)) == nil
            {
                throw CryptoError(.unsupportedKey, "this looks like a private key: give the public half")
            }
            return bytes.count == 32 ? try PublicKey(ed25519: bytes) : try PublicKey(spki: bytes)
        } catch {
            throw refused(
                name,
                "expected a public key as PEM (BEGIN PUBLIC KEY), JWK, JWK Set, or base64 or hex as the sender shows it: \(error.message)")
        }
    }

    /// The one spelling of a subject or pin.
    private static func certificate(_ value: Secret, _ name: CredentialName) throws(StateError) -> String {
        let text = text(value)
        if text.contains("-----BEGIN") {
            throw refused(
                name,
                "expected the certificate's subject or pin, not the file itself: "
                    + "openssl x509 -in FILE -noout -subject -nameopt RFC2253 | sed s/^subject=//"
            )
        }
        if text.hasPrefix("sha256//") {
            guard let pin = Base64.decode(text.dropFirst(8)), pin.count == 32 else {
                throw refused(name, "expected sha256// and the base64 of 32 bytes, the SHA-256 of the certificate's public key")
            }
            return "sha256//" + Base64.encode(pin)
        }
        guard let subject = DistinguishedName(rfc4514: text) else {
            throw refused(
                name,
                "expected a subject as RFC 4514 writes it, such as CN=acme,O=Acme Ltd,C=GB, without blanks around commas and equals signs, or "
                    + "sha256//BASE64: openssl x509 -in FILE -noout -subject -nameopt RFC2253 | sed s/^subject=//")
        }
        return subject.description.lowercased()
    }

    /// What a value that may be a word is found again by, with whichever sender: scrypt (RFC 7914) under one salt of this state. The salt is
    /// not stored, and the result is digested once more under a key (``CredentialStore/fingerprint(_:_:)``).
    private static func stretched(_ value: Secret, after start: Int = 0, _ name: CredentialName, _ keys: DerivedKeys) throws(StateError)
        -> Secret
    {
        do {
            let salt = try KDF.hkdfSHA256(key: keys.passwords, info: "gatehouse same value", length: 16).withBytes { Array($0) }
            return try value.withBytes { bytes throws(CryptoError) in
                try KDF.scrypt(
                    password: UnsafeRawBufferPointer(rebasing: bytes.dropFirst(start)), salt: salt, n: 32_768, r: 8, p: 1, length: 32)
            }
        } catch {
            throw refused(name, "\(error)")
        }
    }

    private static func verifier(_ value: Secret, _ name: CredentialName, generated: Bool, _ keys: DerivedKeys) throws(StateError) -> Secret
    {
        do { return try BasicVerifier.make(value, generated: generated, keys: keys).encoded() } catch { throw refused(name, "\(error)") }
    }
}
