/// Reads `endpoints/NAME.yaml`.
struct EndpointReader {
    let reading: Reading
    /// Names with a file under `senders/`, whole or not.
    let senders: Set<String>
    let library: SchemeLibrary
    /// nil where the gateway's file could not be read; what depends on it is not checked then.
    let gateway: GatewayPolicy?
    let tokens: TokenCoverage

    func read(_ node: Node, name: String) -> EndpointPolicy? {
        guard let file = Mapping(node, "an endpoint", reading) else { return nil }
        // path: compared byte for byte with the request's.
        let path = file.required("path", .endpointPath)
        // senders: who may send here.
        let senders = file.required(
            "senders", .distinct(senderName, mayBeEmpty: false), hint: "senders: [NAME], each with a file senders/NAME.yaml")
        // public-url: this endpoint's own, where it has another name than the gateway's. A URL without a path gets the endpoint's.
        let own = file.value("public-url", .publicURL)
        // authenticate: what must hold, all of it for one and the same sender.
        let requirements = RequirementReader(
            reading: reading, library: library, hasClientCA: reading.knowsListeners ? gateway?.asksForClientCertificates : nil,
            audience: own ?? gateway?.publicURL)
        let authenticate = file.required("authenticate", requirements.form, hint: "authenticate: [{ signature: SCHEME }]")
        // deliver: who gets the events.
        let deliver = file.required(
            "deliver", DeliveryReader(reading: reading).form, hint: "deliver: [{ to: http://127.0.0.1:9000/events, mode: relay }]")
        var endpoint = EndpointPolicy(
            name: name, path: path ?? "", senders: senders ?? [], publicURL: publicURL(own, path ?? ""), authenticate: authenticate ?? [],
            deliver: deliver ?? [])
        // methods: POST unless said otherwise.
        endpoint.methods = file.value("methods", .distinct(.method, mayBeEmpty: false), default: endpoint.methods)
        // media-types: any unless said otherwise; type/* for all of a type.
        endpoint.mediaTypes = file.value("media-types", .distinct(.mediaType, mayBeEmpty: false), default: endpoint.mediaTypes)
        // event: where id and type are, where no signature scheme says it.
        endpoint.event = file.value("event", .event)
        endpoint.replay = replay(file, requirements.uses)
        endpoint.events = file.value("events", Form { node, _ in events(node) }, default: endpoint.events)
        endpoint.limits = file.value("limits", Form { node, _ in limits(node) }, default: endpoint.limits)
        file.finish()
        checkEvent(endpoint, requirements, file)
        checkEventsOfHandlers(endpoint, file)
        tokens.check(endpoint, file)
        guard path != nil, senders != nil, authenticate != nil, deliver != nil else { return nil }
        return endpoint
    }

    private var senderName: Form<String> {
        Form { node, _ in
            guard let name = Form.text.read(node, reading) else { return nil }
            guard senders.contains(name) else {
                let hint =
                    nearestName(to: name, among: senders).map { "did you mean '\($0)'?" } ?? "create senders/\(name).yaml; it may be empty"
                reading.error("no sender is named \(quoted(name))", at: node, hint: PolicyText.isSafeName(name) ? hint : nil)
                return nil
            }
            return name
        }
    }

    private func publicURL(_ own: String?, _ path: String) -> String {
        guard let own else { return (gateway?.publicURL ?? "https://localhost") + path }
        guard let url = try? WebAddress(own), url.path.isEmpty || url.path == "/" else { return own }
        return (own.hasSuffix("/") ? String(own.dropLast()) : own) + path
    }

    private func replay(_ file: Mapping, _ uses: [RequirementReader.SchemeUse]) -> EndpointPolicy.ReplayPolicy {
        var replay = EndpointPolicy.ReplayPolicy()
        // 30 days where neither time nor id is signed: nothing else ends the life of a captured request.
        let isTimeless = uses.isEmpty || uses.contains { !$0.scheme.signsTimestamp && !$0.scheme.signsEventID }
        if isTimeless { replay.remember = .seconds(30 * 86_400) }
        let item = file.mapping("replay", "replay")
        if let item {
            // tolerance, future: how old and how far ahead a signed time may be; a scheme may bring its own.
            replay.tolerance = item.value("tolerance", .duration)
            replay.future = item.value("future", .durationOrZero)
            // remember: how long a duplicate is known; at least tolerance + future.
            replay.remember = item.value("remember", .duration, default: replay.remember)
            // conflict: what to say to another body under a known id; answer as to a duplicate, or refuse with 409.
            replay.conflict = item.value("conflict", .choice, default: replay.conflict)
            // without-id: digest knows duplicates by their signed bytes; deliver lets them through.
            replay.withoutID = item.value("without-id", .choice, default: replay.withoutID)
            item.finish()
        }
        checkWindow(replay, item, uses)
        return replay
    }

    /// Forgetting an event while its timestamp is still fresh would let it in again (SEC-63).
    private func checkWindow(_ replay: EndpointPolicy.ReplayPolicy, _ item: Mapping?, _ uses: [RequirementReader.SchemeUse]) {
        var windows: [(scheme: Scheme?, node: Node?)] = uses.filter { $0.scheme.timestamp != nil }.map { ($0.scheme, $0.node) }
        if windows.isEmpty { windows = [(nil, nil)] }
        for window in windows {
            let tolerance = replay.tolerance ?? window.scheme?.timestamp?.tolerance ?? .seconds(300)
            let future = replay.future ?? window.scheme?.timestamp?.future ?? .seconds(60)
            guard replay.remember < tolerance + future else { continue }
            let culprit = item?.node("remember") ?? item?.node("tolerance") ?? item?.node("future") ?? window.node
            guard let culprit else { continue }
            let whose = window.scheme.map { " of scheme '\($0.name)'" } ?? ""
            reading.error(
                "remember \(replay.remember.policyText) is less than tolerance \(tolerance.policyText) + future "
                    + "\(future.policyText)\(whose)",
                at: culprit,
                hint: "remember at least \((tolerance + future).policyText), or an event could be let in twice")
        }
    }

    private func events(_ node: Node) -> EndpointPolicy.EventTypes? {
        guard let item = Mapping(node, "events", reading) else { return nil }
        var events = EndpointPolicy.EventTypes()
        // accept: patterns of the types that are handed over; '*' is any characters.
        events.accept = item.value("accept", .distinct(.pattern, mayBeEmpty: false), default: events.accept)
        // otherwise: acknowledge answers 200 to the rest, reject 422.
        events.otherwise = item.value("otherwise", .choice, default: events.otherwise)
        item.finish()
        return events
    }

    private enum RateAnswer: String, CaseIterable {
        case tooMany = "429"
        case unavailable = "503"
    }

    private func limits(_ node: Node) -> EndpointPolicy.Limits? {
        guard let item = Mapping(node, "limits", reading) else { return nil }
        var limits = EndpointPolicy.Limits()
        // body: bytes of a request's body; the gateway's where absent.
        limits.body = item.value("body", .size(atMost: 1 << 30))
        // rate: authenticated events a sender may send, with a burst of one second's worth.
        limits.rate = item.value("rate", .rate)
        // rate-answer: 429 or 503, for senders that give up on 429.
        limits.rateAnswer = item.value("rate-answer", .choice, default: RateAnswer.tooMany) == .unavailable ? 503 : 429
        item.finish()
        return limits
    }

    /// A handler whose events the endpoint never accepts gets none.
    private func checkEventsOfHandlers(_ endpoint: EndpointPolicy, _ file: Mapping) {
        guard case .sequence(let items)? = file.node("deliver")?.content, items.count == endpoint.deliver.count else { return }
        for (delivery, item) in zip(endpoint.deliver, items) where !delivery.events.isEmpty {
            for pattern in delivery.events where !endpoint.events.accept.contains(where: { PatternOverlap.exists(pattern, $0) }) {
                reading.warning(
                    "no event of type \(quoted(pattern)) ever comes here: 'accept' has \(endpoint.events.accept.map(quoted).joined(separator: ", "))",
                    at: item, hint: "add the type to 'accept' of 'events', or take it from the handler's 'events'")
            }
        }
    }

    /// A value compared for equality signs nothing that a message without an id could be known by.
    private func warnOfReplay(_ endpoint: EndpointPolicy, _ id: ValueSource?, _ use: RequirementReader.SchemeUse) {
        let scheme = quoted(use.scheme.name)
        guard let id else {
            return reading.warning(
                "scheme \(scheme) signs nothing and names no event id, so duplicates are not recognised", at: use.node,
                hint: "event: { id: json:id }, if its messages have one")
        }
        reading.warning(
            "scheme \(scheme) signs nothing: a message without \(id.text) is handed over each time it comes, and one with a new id is a new event",
            at: use.node, hint: "use a scheme that signs, where the sender has one")
    }

    private func checkEvent(_ endpoint: EndpointPolicy, _ requirements: RequirementReader, _ file: Mapping) {
        if let event = endpoint.event {
            for use in requirements.uses where use.isMandatory {
                let isTwice = event.id != nil && use.scheme.event.id != nil || event.type != nil && use.scheme.event.type != nil
                if isTwice {
                    reading.error(
                        "scheme '\(use.scheme.name)' says already where id and type are", at: file.place(of: "event"),
                        hint: "remove 'event', or copy the scheme and change it")
                }
            }
        }
        for use in requirements.uses where use.scheme.algorithm == .equality {
            warnOfReplay(endpoint, use.scheme.event.id ?? endpoint.event?.id, use)
        }
        let wantsToken = endpoint.authenticate.contains { if case .oauth = $0 { true } else { false } }
        if wantsToken, endpoint.authenticate.contains(.basic), let node = file.node("authenticate") {
            reading.warning(
                "basic and oauth both need the Authorization field, which a request has once: nobody gets in", at: node,
                hint: "any: [basic, { oauth: […] }]")
        }
        if !requirements.namesSignature, endpoint.event?.id == nil, let node = file.node("authenticate") {
            reading.warning(
                "without a signature and without an event id, duplicates are not recognised", at: node, hint: "event: { id: json:id }")
        }
    }
}

extension Form where Value == String {
    /// A path that can only be written in one way.
    static var endpointPath: Form {
        Form { node, reading in
            guard let path = text("a path", { $0.hasPrefix("/") && $0.utf8.count <= 1_024 }).read(node, reading) else { return nil }
            let isPlain = path.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"?#\\;%\"<>^`{|}".utf8.contains($0) }
            guard isPlain else {
                reading.error(
                    "\(quoted(path)) has characters that a path here cannot have", at: node,
                    hint: "letters, digits, and -._~!$&'()*+,=:@/ only: the path is compared as it is sent")
                return nil
            }
            let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            guard !path.contains("//"), !segments.contains("."), !segments.contains("..") else {
                reading.error("\(quoted(path)) has empty or dotted segments", at: node)
                return nil
            }
            guard path != "/oauth", !path.hasPrefix("/oauth/"), !path.hasPrefix("/.well-known/") else {
                reading.error("\(quoted(path)) is kept for the gateway itself", at: node, hint: "as are /oauth/… and /.well-known/…")
                return nil
            }
            return path
        }
    }

    static var method: Form {
        Form { node, reading in
            let known = ["POST", "PUT", "PATCH", "DELETE", "GET"]
            guard let text = node.text, known.contains(text) else {
                reading.error("\(node.text.map(quoted) ?? node.kind) is not one of \(known.joined(separator: ", "))", at: node)
                return nil
            }
            return text
        }
    }
}

extension Duration {
    /// As policy writes it, in the largest unit that is whole.
    var policyText: String {
        let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] as [(String, Int64)]
        where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
