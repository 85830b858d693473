/// Reads `schemes/NAME.yaml`, shipped or not.
struct SchemeReader {
    let reading: Reading

    func read(_ node: Node, name: String) -> Scheme? {
        guard let file = Mapping(node, "a scheme", reading) else { return nil }
        // signature: where the signatures are; see SignatureReader.
        let signature = file.required("signature", Form { node, _ in SignatureReader(reading: reading).read(node) })
        let algorithm = algorithm(file, signature)
        // key: how the credential's text becomes the key; raw, base64, hex, spki, or { strip, decode }.
        let key = file.value("key", keyForm, default: KeyForm())
        // signed: the template of what is signed; absent only with algorithm: equal.
        let signed = file.value("signed", .template)
        // body-unsigned: true says that the body is not signed, which must not happen unseen.
        let bodyUnsigned = file.value("body-unsigned", .flag, default: false)
        let timestamp = timestamp(file, signature)
        // event: where the id and the type of the event are.
        let event = file.value("event", .event, default: EventSource())
        // handshake: requests that the gateway answers itself; see HandshakeReader.
        let handshakes = file.value("handshake", HandshakeReader(reading: reading).form, default: [])
        // respond: { ok: 204 }: the answer to an accepted event where the sender wants another than 200.
        let ok = file.mapping("respond", "respond").flatMap { respond in
            defer { respond.finish() }
            return respond.value("ok", .number(200...299))
        }
        file.finish()
        guard let signature, let algorithm else { return nil }
        if signed == nil, algorithm != .equality {
            if file.node("signed") == nil {
                reading.error("a scheme needs 'signed'", at: file.node, hint: "what the sender signs, as in signed: \"{timestamp}.{body}\"")
            }
            return nil
        }
        let scheme = Scheme(
            name: name, signature: signature, algorithm: algorithm, key: key, signed: signed ?? [], bodyUnsigned: bodyUnsigned,
            timestamp: timestamp, event: event, handshakes: handshakes, okStatus: ok ?? 200)
        SchemeChecks(scheme: scheme, file: file, reading: reading).run()
        return scheme
    }

    private func algorithm(_ file: Mapping, _ signature: SignatureSource?) -> SignatureAlgorithm? {
        // Without the layout it cannot be told whether it is needed.
        guard let signature else { return file.value("algorithm", .choice) }
        guard case .algorithm(_, let named) = signature.layout else {
            // algorithm: hmac-sha1 | hmac-sha256 | hmac-sha384 | hmac-sha512 | ed25519 | ecdsa-p256 | ecdsa-p256-raw | rsa-pkcs1-sha1 |
            // rsa-pkcs1-sha256 | rsa-pss-sha256 | rsa-pss-sha512 | sha256 | equal
            return file.required("algorithm", .choice)
        }
        // The sender names it, from the list of the layout.
        file.refuse(["algorithm"], because: "has no meaning with layout: algorithm, where the sender names it")
        return named.first
    }

    private var keyForm: Form<KeyForm> {
        Form { node, _ in
            if node.text != nil { return Form.choice.read(node, reading).map { KeyForm(decode: $0) } }
            guard let item = Mapping(node, "key", reading) else { return nil }
            // strip: removed from the front of the credential where it is there.
            let strip = item.value("strip", .text)
            // decode: raw | base64 | hex | spki.
            let decode = item.value("decode", .choice, default: KeyForm.Decoding.raw)
            item.finish()
            return KeyForm(strip: strip, decode: decode)
        }
    }

    private func timestamp(_ file: Mapping, _ signature: SignatureSource?) -> TimestampSource? {
        let isInLayout: Bool
        switch signature?.layout {
        case .list(_, _, _, let label): isInLayout = label != nil
        case .positional(_, let position, _): isInLayout = position != nil
        default: isInLayout = false
        }
        guard let item = file.mapping("timestamp", "timestamp") else {
            return isInLayout && file.node("timestamp") == nil ? TimestampSource(unit: .auto) : nil
        }
        let source = item.source()
        // unit: s | ms | rfc3339 | http-date | auto. The received text is what is signed, whatever the unit.
        let unit = item.value("unit", .choice, default: TimestampSource.Unit.auto)
        // tolerance, future: the sender's own window, where an endpoint says nothing.
        let tolerance = item.value("tolerance", .duration)
        let future = item.value("future", .durationOrZero)
        item.finish()
        if source == nil, !isInLayout, signature != nil, ["header", "query", "json"].allSatisfy({ item.node($0) == nil }) {
            reading.error("timestamp needs 'header', 'query' or 'json'", at: item.node, hint: "or a signature layout that holds it")
        }
        if source != nil, isInLayout {
            reading.error("the signature's layout holds the timestamp already", at: item.node, hint: "remove header, query or json")
        }
        return TimestampSource(source: source, unit: unit, tolerance: tolerance, future: future)
    }
}

extension Form where Value == EventSource {
    static var event: Form {
        Form { node, reading in
            guard let item = Mapping(node, "event", reading) else { return nil }
            defer { item.finish() }
            // id, type: header:NAME, query:NAME or json:a.b.
            return EventSource(id: item.value("id", .source), type: item.value("type", .source))
        }
    }
}
