import GatehouseCrypto
import GatehousePolicy
import GatehouseVerify

/// The same secret, spelt or taken otherwise on one of the two sides.
struct SecretCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func walk(_ visit: Supposition.Visit) -> Bool {
        for (name, version) in live {
            guard let value = try? version.value.open() else { continue }
            let label = "\(name) version \(version.number)"
            if spelling(value, label, visit) || form(value, label, visit) { return true }
        }
        return placeholders(visit)
    }

    private var live: [(CredentialName, CredentialVersion)] {
        bench.endpoint.senders.flatMap { sender in
            let name = CredentialName(sender: sender, kind: .signing)
            return bench.credentials.live(name, at: bench.at).map { (name, $0) }
        }
    }

    private func spelling(_ value: Secret, _ label: String, _ visit: Supposition.Visit) -> Bool {
        let bytes = value.withBytes { Array($0) }
        func tries(_ variant: [UInt8], _ cause: Explanation.Cause) -> Bool {
            variant != bytes && !variant.isEmpty && visit(Supposition(bench: bench.with(Secret(variant), as: .signing), cause: cause))
        }
        let stored: [(String, String, [UInt8])] =
            [
                ("secret-stored-blanks", "blanks or a newline around it", Self.trimmed(bytes)),
                ("secret-stored-quotes", "quotes around it", Self.unquoted(bytes)),
                ("secret-stored-blanks", "invisible characters around it, such as a byte order mark", Self.visible(bytes)),
                ("secret-stored-case", "capital letters", String(decoding: bytes, as: UTF8.self).lowercased().utf8.map { $0 }),
                ("secret-stored-case", "small letters", String(decoding: bytes, as: UTF8.self).uppercased().utf8.map { $0 }),
            ] + Self.withoutPrefixes(bytes).map { ("secret-stored-prefix", "a prefix before it", $0) }
        for (name, what, variant) in stored {
            let cause = Supposition.proved(
                name, "The stored secret has \(what) that the sender does not use.", "Without them \(label) makes this signature.",
                "Store it anew as the sender has it: gatehouse secret rotate … --value-file FILE")
            if tries(variant, cause) { return true }
        }
        for (name, what, before, after) in Self.sent {
            let cause = Supposition.proved(
                name, "The sender uses the secret with \(what).", "With it \(label) makes this signature.",
                "Let the sender enter the secret without it; a file or variable that it was pasted into may have added it.")
            if tries(Array(before.utf8) + bytes + Array(after.utf8), cause) { return true }
        }
        return false
    }

    /// What a program signs with that was started without its secret.
    private func placeholders(_ visit: Supposition.Visit) -> Bool {
        var asText = scheme
        asText.key = KeyForm()
        // HMAC pads keys with zeros, so that one zero byte is the empty key.
        let texts: [(what: String, value: [UInt8])] = [
            ("an empty secret", [0]), ("the word `undefined` for its secret", Array("undefined".utf8)),
            ("the word `null` for its secret", Array("null".utf8)), ("the word `None` for its secret", Array("None".utf8)),
        ]
        return texts.contains { text in
            let cause = Supposition.proved(
                "secret-placeholder", "The sender signs with \(text.what).", "With it this signature is made; anybody could make it.",
                "Set the variable or the setting that the sender reads its secret from: it is empty or has another name.")
            return visit(Supposition(bench: bench.only(asText).with(Secret(text.value), as: .signing), cause: cause))
        }
    }

    private static let sent: [(name: String, what: String, before: String, after: String)] = [
        ("secret-sender-newline", "a newline after it", "", "\n"), ("secret-sender-newline", "a CR LF after it", "", "\r\n"),
        ("secret-sender-blanks", "a blank after it", "", " "), ("secret-sender-blanks", "a blank before it", " ", ""),
        ("secret-sender-quotes", "double quotes around it", "\"", "\""), ("secret-sender-quotes", "single quotes around it", "'", "'"),
        ("secret-sender-quotes", "double quotes around it and a newline after it", "\"", "\"\n"),
        ("secret-sender-quotes", "single quotes around it and a newline after it", "'", "'\n"),
        ("secret-sender-byte-order-mark", "a byte order mark before it", "\u{feff}", ""),
        ("secret-sender-prefix", "`whsec_` before it", "whsec_", ""), ("secret-sender-prefix", "`v1,` before it", "v1,", ""),
    ]

    /// Raw or decoded, with prefix or without, in other algorithms and encodings of the signature.
    private func form(_ value: Secret, _ label: String, _ visit: Supposition.Visit) -> Bool {
        for strip in [scheme.key.strip, nil, "whsec_", "whk_", "v1,"] {
            for decode in [KeyForm.Decoding.raw, .base64, .hex] {
                var other = scheme
                other.key = KeyForm(strip: strip, decode: decode)
                guard other.key != scheme.key else { continue }
                let (theirs, ours) = (Self.words(other.key), Self.words(scheme.key))
                let cause = Supposition.proved(
                    decode == scheme.key.decode ? "secret-prefix" : decode == .raw ? "secret-not-decoded" : "secret-decoded",
                    "The sender takes the secret \(theirs); scheme \(scheme.name) takes it \(ours).",
                    "Taken \(theirs), \(label) makes this signature.",
                    "Let the sender take it \(ours), or, where this sender's documents say otherwise, change `key` in the scheme.")
                if visit(Supposition(bench: bench.only(other).with(value, as: .signing), cause: cause)) { return true }
            }
        }
        return encoded(value, label, visit)
    }

    /// The secret's text, or the key that is written in it, encoded and taken as text.
    private func encoded(_ value: Secret, _ label: String, _ visit: Supposition.Visit) -> Bool {
        let text = value.withBytes { Array($0) }
        let own = scheme.key.strip.flatMap { text.starts(with: $0.utf8) ? Array(text.dropFirst($0.utf8.count)) : nil } ?? text
        let key = scheme.key.decode == .base64 ? Base64.decode(String(decoding: own, as: UTF8.self)) : nil
        var asText = scheme
        asText.key = KeyForm()
        for bytes in [text, key].compactMap({ $0 }) {
            let hex = Hex.encode(bytes)
            let base64 = Base64.encode(bytes)
            let forURLs = base64.replacing("+", with: "-").replacing("/", with: "_")
            for (what, variant) in [
                ("base64", base64), ("base64url", forURLs), ("base64url without `=`", forURLs.replacing("=", with: "")), ("hex", hex),
                ("hex in upper case", hex.uppercased()),
            ] {
                let cause = Supposition.proved(
                    "secret-encoded", "The sender uses the secret encoded once more, as \(what).",
                    "So encoded, \(label) makes this signature.", "Let the sender use the secret as it was given.")
                let taken = key == nil ? bench : bench.only(asText)
                if visit(Supposition(bench: taken.with(Secret(utf8: variant), as: .signing), cause: cause)) { return true }
            }
        }
        return false
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

    /// Without the byte order marks, zero-width and no-break spaces that come along when text is copied from a page.
    private static func visible(_ bytes: [UInt8]) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        let hidden: Set<Unicode.Scalar> = ["\u{feff}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{a0}", "\u{ad}"]
        return Array(String(String.UnicodeScalarView(text.unicodeScalars.filter { !hidden.contains($0) })).utf8)
    }

    private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 2, let first = bytes.first, first == 0x22 || first == 0x27 || first == 0x60, bytes.last == first else {
            return bytes
        }
        return Array(bytes.dropFirst().dropLast())
    }

    /// After `v1,` and the like, and after each `_` of a word or two at the beginning: `whk_`, `sk_live_`.
    private static func withoutPrefixes(_ bytes: [UInt8]) -> [[UInt8]] {
        let known = ["v1,", "Bearer ", "sha256="].filter { bytes.starts(with: $0.utf8) }.map { Array(bytes.dropFirst($0.utf8.count)) }
        let words = bytes.prefix(24).prefix { $0 == 0x5f || 0x30...0x39 ~= $0 || 0x61...0x7a ~= $0 | 0x20 }
        // A line of a settings file, taken over whole: `WEBHOOK_SECRET=`.
        let name = bytes.prefix(48).prefix { $0 == 0x5f || 0x30...0x39 ~= $0 || 0x61...0x7a ~= $0 | 0x20 }
        let assigned = bytes.dropFirst(name.count).first == 0x3d && !name.isEmpty ? [Array(bytes.dropFirst(name.count + 1))] : []
        return known + assigned + words.indices.filter { words[$0] == 0x5f }.prefix(3).map { Array(bytes[($0 + 1)...]) }
    }
}
