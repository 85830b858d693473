/// What the parts of a scheme must be to each other.
struct SchemeChecks {
    let scheme: Scheme
    let file: Mapping
    let reading: Reading

    func run() {
        checkBody()
        checkTimestamp()
        checkSecretField()
        checkEncoding()
        checkKey()
        checkSliding()
        checkKeyedHandshakes()
    }

    private func checkBody() {
        let signsBody = scheme.signed.contains(.body)
        if !signsBody, !scheme.bodyUnsigned {
            let what = scheme.algorithm == .equality ? "algorithm: equal signs no body" : "'signed' lacks {body}"
            reading.error(
                what, at: file.place(of: scheme.algorithm == .equality ? "algorithm" : "signed"), hint: "add {body}, or body-unsigned: true"
            )
        }
        if signsBody, scheme.bodyUnsigned {
            reading.error("body-unsigned: true although 'signed' holds {body}", at: file.place(of: "body-unsigned"), hint: "remove it")
        }
        if scheme.algorithm == .equality, !scheme.signed.isEmpty {
            reading.error("nothing is signed with algorithm: equal", at: file.place(of: "signed"), hint: "remove 'signed'")
        }
    }

    private func checkTimestamp() {
        guard scheme.timestamp != nil else {
            if scheme.signed.contains(.timestamp) {
                reading.error(
                    "'signed' holds {timestamp}, and nothing says where it is", at: file.place(of: "signed"), hint: "add 'timestamp'")
            }
            return
        }
        if !scheme.signsTimestamp {
            reading.error(
                "the timestamp is not signed, so it proves nothing about freshness",
                at: file.place(of: file.node("timestamp") == nil ? "signature" : "timestamp"),
                hint: "put {timestamp} into 'signed', or remove 'timestamp'")
        }
    }

    private func checkSecretField() {
        let holdsSecret = scheme.signed.contains(.secret)
        if scheme.algorithm == .sha256, !holdsSecret {
            reading.error(
                "algorithm: sha256 without {secret} in 'signed' is no proof", at: file.place(of: "signed"),
                hint: "add {secret}, or use hmac-sha256")
        }
        if scheme.algorithm != .sha256, holdsSecret {
            reading.error("{secret} is for algorithm: sha256 only", at: file.place(of: "signed"))
        }
    }

    private func checkEncoding() {
        let isNamed = file.node("signature").map(SignatureReader.namesEncoding) ?? false
        if scheme.algorithm == .equality {
            if scheme.signature.encoding != .text {
                reading.error("algorithm: equal compares text", at: file.place(of: "signature"), hint: "encoding: text, or none")
            }
        } else if scheme.signature.encoding == .text {
            let message = isNamed ? "encoding: text is for algorithm: equal only" : "signature needs 'encoding'"
            reading.error(message, at: file.node("signature")?.place ?? file.node.place, hint: "hex, base64 or base64url")
        }
    }

    private func checkKey() {
        switch scheme.algorithm {
        case .ed25519, .ecdsaP256DER, .ecdsaP256Raw, .rsaPKCS1SHA1, .rsaPKCS1SHA256, .rsaPSSSHA256, .rsaPSSSHA512: return
        case .hmacSHA1, .hmacSHA256, .hmacSHA384, .hmacSHA512, .sha256, .equality: break
        }
        if scheme.key.decode == .spki {
            reading.error(
                "key: spki is a public key, and \(scheme.algorithm.rawValue) has none", at: file.place(of: "key"),
                hint: "raw, base64 or hex")
        }
    }

    /// SEC-59: two values of the sender's choice side by side can lend each other bytes under one signature.
    private func checkSliding() {
        var previous: TemplatePart?
        for part in scheme.signed {
            defer { previous = part }
            guard let before = previous else { continue }
            // Of a time whose form is not declared, the length is the sender's choice too.
            let isLoose = { (part: TemplatePart) in part.isFreeText || part == .timestamp && scheme.timestamp?.unit == .auto }
            // A body behind a query shows by itself where it begins; other values do not.
            let isBehindQuery = before == .url && isLoose(part) && part != .body
            let isBeforeURL = part == .url && isLoose(before)
            if isLoose(before) && isLoose(part) || isBehindQuery || isBeforeURL {
                reading.error(
                    "\(before.notation) and \(part.notation) touch: bytes could move from one to the other", at: file.place(of: "signed"),
                    hint: part == .timestamp || before == .timestamp ? "declare the timestamp's unit" : "put a separator between them")
            }
        }
    }

    /// SEC-61: the answer's HMAC must never be one that an event could carry. Values are held to `[A-Za-z0-9_-]`; that helps only where a
    /// signed string always holds another character.
    private func checkKeyedHandshakes() {
        let isKeyed = scheme.handshakes.contains { if case .keyed = $0.answer { true } else { false } }
        guard isKeyed, let node = file.node("handshake") else { return }
        let hasForeignCharacter = scheme.signed.contains { part in
            guard case .literal(let text) = part else { return false }
            return text.utf8.contains {
                !($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d)
            }
        }
        if !hasForeignCharacter {
            reading.error(
                "a keyed handshake would sign events: 'signed' has no separator that its values cannot hold", at: node,
                hint: "a signed string needs a literal with a character other than letters, digits, '_' and '-'")
        }
    }
}
