import GatehouseCrypto
import GatehousePolicy
import GatehouseVerify

/// The same secret, spelt or taken otherwise on one of the two sides.
struct SecretCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func causes() -> [Explanation.Cause] {
        for (name, version) in live {
            guard let value = try? version.value.open() else { continue }
            if let cause = spelling(value, "\(name) version \(version.number)") ?? form(value, name.kind, "\(name) version \(version.number)") { return [cause] }
        }
        return []
    }

    private var live: [(CredentialName, CredentialVersion)] {
        bench.endpoint.senders.flatMap { sender in
            let name = CredentialName(sender: sender, kind: .signing)
            return bench.credentials.live(name, at: bench.at).map { (name, $0) }
        }
    }

    private func spelling(_ value: Secret, _ label: String) -> Explanation.Cause? {
        let bytes = value.withBytes { Array($0) }
        func holds(_ variant: [UInt8]) -> Bool { variant != bytes && !variant.isEmpty && bench.with(Secret(variant), as: .signing).signatureHolds }
        let stored: [(String, String, [UInt8])] = [
            ("secret-stored-blanks", "blanks or a newline around it", Self.trimmed(bytes)),
            ("secret-stored-quotes", "quotes around it", Self.unquoted(bytes)),
            ("secret-stored-prefix", "a prefix before it", Self.withoutPrefix(bytes)),
        ]
        for (name, what, variant) in stored where holds(variant) {
            return cause(
                name, "The stored secret has \(what) that the sender does not use.", "Without them \(label) makes this signature.",
                "Store it anew as the sender has it: gatehouse secret rotate … --value-file FILE")
        }
        let sent: [(String, String, [UInt8])] = [
            ("secret-sender-newline", "a newline after it", bytes + [0x0a]), ("secret-sender-newline", "a CR LF after it", bytes + [0x0d, 0x0a]),
            ("secret-sender-blanks", "a blank after it", bytes + [0x20]), ("secret-sender-blanks", "a blank before it", [0x20] + bytes),
            ("secret-sender-quotes", "double quotes around it", [0x22] + bytes + [0x22]),
            ("secret-sender-quotes", "single quotes around it", [0x27] + bytes + [0x27]),
            ("secret-sender-prefix", "`whsec_` before it", Array("whsec_".utf8) + bytes), ("secret-sender-prefix", "`v1,` before it", Array("v1,".utf8) + bytes),
        ]
        for (name, what, variant) in sent where holds(variant) {
            return cause(
                name, "The sender uses the secret with \(what).", "With it \(label) makes this signature.",
                "Let the sender enter the secret without it; a file or variable that it was pasted into may have added it.")
        }
        return nil
    }

    /// Raw or decoded, with prefix or without, in other algorithms and encodings of the signature.
    private func form(_ value: Secret, _ kind: CredentialKind, _ label: String) -> Explanation.Cause? {
        for strip in [scheme.key.strip, nil, "whsec_", "v1,"] {
            for decode in [KeyForm.Decoding.raw, .base64, .hex] {
                var other = scheme
                other.key = KeyForm(strip: strip, decode: decode)
                guard other.key != scheme.key, bench.only(other).with(value, as: .signing).signatureHolds else { continue }
                let (theirs, ours) = (Self.words(other.key), Self.words(scheme.key))
                return cause(
                    decode == scheme.key.decode ? "secret-prefix" : decode == .raw ? "secret-not-decoded" : "secret-decoded",
                    "The sender takes the secret \(theirs); scheme \(scheme.name) takes it \(ours).",
                    "Taken \(theirs), \(label) makes this signature.",
                    "Let the sender take it \(ours), or, where this sender's documents say otherwise, change `key` in the scheme.")
            }
        }
        let bytes = value.withBytes { Array($0) }
        let encoded: [(String, [UInt8])] = [
            ("base64", Array(Base64.encode(bytes).utf8)), ("hex", Array(Hex.encode(bytes).utf8)), ("hex in upper case", Array(Hex.encode(bytes).uppercased().utf8)),
        ]
        for (what, variant) in encoded where bench.with(Secret(variant), as: .signing).signatureHolds {
            return cause(
                "secret-encoded", "The sender uses the secret encoded once more, as \(what).", "So encoded, \(label) makes this signature.",
                "Let the sender use the secret as it was given.")
        }
        return nil
    }

    private static func words(_ form: KeyForm) -> String {
        let strip = form.strip.map { "without `\($0)`" }
        let decode =
            switch form.decode {
            case .raw: "as text, not decoded"
            case .base64, .spki: "decoded from base64"
            case .hex: "decoded from hex"
            }
        return [decode, strip].compactMap { $0 }.joined(separator: " and ")
    }

    static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        return Array(bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed())
    }

    private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 2, let first = bytes.first, first == 0x22 || first == 0x27 || first == 0x60, bytes.last == first else { return bytes }
        return Array(bytes.dropFirst().dropLast())
    }

    private static func withoutPrefix(_ bytes: [UInt8]) -> [UInt8] {
        for prefix in ["v1,", "whsec_", "Bearer ", "sha256="] where bytes.starts(with: prefix.utf8) { return Array(bytes.dropFirst(prefix.utf8.count)) }
        return bytes
    }

    private func cause(_ name: String, _ summary: String, _ evidence: String, _ fix: String) -> Explanation.Cause {
        Explanation.Cause(cause: name, certainty: .proved, summary: summary, evidence: evidence, fix: fix)
    }
}
