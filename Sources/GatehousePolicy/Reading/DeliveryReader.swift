/// Reads `deliver:` of an endpoint: each handler and how events are handed to it.
struct DeliveryReader {
    let reading: Reading

    var form: Form<[Delivery]> {
        Form { node, _ in
            guard let deliveries = Form.list(Form { node, _ in read(node) }).read(node, reading) else { return nil }
            if case .sequence(let items) = node.content { checkTogether(deliveries, items, node) }
            return deliveries
        }
    }

    private func checkTogether(_ deliveries: [Delivery], _ items: [Node], _ node: Node) {
        if items.isEmpty {
            reading.error("an endpoint needs a handler", at: node, hint: "deliver: [{ to: http://127.0.0.1:9000/events, mode: relay }]")
        }
        // With a broken item left out the others no longer stand at its places.
        guard deliveries.count == items.count else { return }
        var relays = 0
        var names: Set<String> = []
        for (delivery, item) in zip(deliveries, items) {
            if delivery.mode == .relay {
                relays += 1
                if relays == 2 {
                    reading.error(
                        "a second handler with mode: relay", at: item,
                        hint: "one handler's answer goes to the sender; hand the event on to others from there")
                }
            }
            if let name = delivery.name, !names.insert(name).inserted { reading.error("two handlers are named \(quoted(name))", at: item) }
        }
    }

    private func read(_ node: Node) -> Delivery? {
        guard let item = Mapping(node, "a handler", reading) else { return nil }
        // to: http://, https://, exec:PROGRAM, file:PATH, nats://HOST/SUBJECT or swift:NAME.
        let to = item.required("to", .text)
        // arguments: of an exec: program, fixed.
        let arguments = item.value("arguments", .list(.argument), default: [])
        // allow-plain: true lets events go over http:// beyond this machine.
        let allowPlain = item.value("allow-plain", .flag, default: false)
        // mode: relay (the default): its answer is the sender's; queue: stored durably, delivered at least once.
        let mode = item.value("mode", .choice, default: Delivery.Mode.relay)
        // timeout: of one attempt; 2500ms for relay, 30s for queue.
        let timeout = item.value("timeout", .duration, default: mode == .relay ? .milliseconds(2_500) : .seconds(30))
        // late: a 2xx within this still counts as accepted for duplicates.
        let late = item.value("late", .duration, default: max(.seconds(30), timeout))
        let target = to.flatMap { self.target($0, item, arguments, allowPlain) }
        var delivery = Delivery(to: target ?? .swift(""), mode: mode, timeout: timeout, late: late)
        delivery.allowPlain = allowPlain
        delivery.place = PolicyPlace(item.place(of: "to"))
        // events: patterns of the types it gets; absent: all.
        delivery.events = item.value("events", .distinct(.pattern, mayBeEmpty: false), default: [])
        // name: shown in `events`, and part of the name of its signing secret.
        delivery.name = item.value("name", .name)
        // sign: true signs the hand-over per Standard Webhooks with handler/NAME/signing.
        delivery.sign = item.value("sign", .flag, default: false)
        // ca: PEM authorities that an https handler's certificate must come from; absent: the system's.
        delivery.ca = item.value("ca", .readableFile(hint: "a PEM file with the authorities of the handler's certificate"))
        // retry: of a queued event.
        delivery.retry = item.value("retry", Form { node, _ in retry(node) }, default: delivery.retry)
        item.finish()
        if mode == .queue, let place = item.node("mode") { reading.refuse(.queue, at: place) }
        checkOptions(delivery, item)
        return target == nil ? nil : delivery
    }

    private func checkOptions(_ delivery: Delivery, _ item: Mapping) {
        if delivery.sign, item.node("name") == nil {
            reading.error("'sign' needs 'name'", at: item.place(of: "sign"), hint: "the secret is handler/NAME/signing")
        }
        if delivery.mode == .relay, item.node("retry") != nil {
            reading.error("'retry' is for mode: queue", at: item.place(of: "retry"), hint: "with relay the sender retries")
        }
        if delivery.late < delivery.timeout { reading.error("'late' is shorter than 'timeout'", at: item.place(of: "late")) }
        guard item.node("to") != nil else { return }
        var isTLS = false
        var isHTTP = false
        if case .http(let tls, _, _, _) = delivery.to {
            isTLS = tls
            isHTTP = true
        }
        if item.node("ca") != nil, !isTLS { reading.error("'ca' is for https:// handlers", at: item.place(of: "ca")) }
        if delivery.sign, !isHTTP { reading.error("'sign' is for http:// and https:// handlers", at: item.place(of: "sign")) }
        if delivery.allowPlain, !isHTTP || isTLS {
            reading.error("'allow-plain' is for http:// handlers", at: item.place(of: "allow-plain"))
        }
    }

    private func target(_ to: String, _ item: Mapping, _ arguments: [String], _ allowPlain: Bool) -> Delivery.Target? {
        guard let node = item.node("to") else { return nil }
        if !arguments.isEmpty, !to.hasPrefix("exec:") {
            reading.error("'arguments' is for exec: handlers", at: item.place(of: "arguments"))
        }
        if to.hasPrefix("http://") || to.hasPrefix("https://") { return http(to, node, allowPlain) }
        let parts = to.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            reading.error(
                "\(quoted(to)) names no handler", at: node,
                hint: "http://, https://, exec:PROGRAM, file:PATH or swift:NAME")
            return nil
        }
        let rest = String(parts[1])
        switch parts[0] {
        case "exec": return exec(rest, node, arguments)
        case "file": return file(rest, node)
        case "nats": return nats(rest, node)
        case "swift":
            guard rest.utf8.count <= 64, PolicyText.isToken(rest) else {
                reading.error("\(quoted(rest)) is not a handler's name", at: node, hint: "letters, digits, '.', '_' and '-'")
                return nil
            }
            if let known = reading.swiftHandlers, !known.contains(rest) {
                let hint =
                    "the program that embeds the gateway gives it to Gateway(policies:handlers:); 'gatehouse serve' has no handlers of its own"
                reading.error(
                    "this program has no handler named \(quoted(rest))", at: node,
                    hint: nearestName(to: rest, among: known).map { "did you mean '\($0)'?" } ?? hint)
            }
            return .swift(rest)
        default:
            reading.error(
                "\(quoted(to)) names no handler", at: node,
                hint: "http://, https://, exec:PROGRAM, file:PATH or swift:NAME")
            return nil
        }
    }

    private func http(_ to: String, _ node: Node, _ allowPlain: Bool) -> Delivery.Target? {
        do throws(WebAddress.Problem) {
            let url = try WebAddress(to)
            guard url.port > 0 else { throw WebAddress.Problem(message: "a handler has a port", hint: nil) }
            if !url.isTLS, !url.isLoopback, !allowPlain {
                reading.error(
                    "events would go to \(quoted(url.host)) unencrypted", at: node, hint: "use https://, or say allow-plain: true")
            }
            let path = url.path.isEmpty ? "/" : url.path
            return .http(tls: url.isTLS, host: url.host, port: url.port, path: path + (url.query.map { "?" + $0 } ?? ""))
        } catch {
            reading.error(error.message, at: node, hint: error.hint)
            return nil
        }
    }

    private func file(_ name: String, _ node: Node) -> Delivery.Target {
        let path = SourceFile.resolve(name, from: node.place.file)
        guard reading.checksFiles else { return .file(path) }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if SourceFile.isDirectory(path) || path.hasSuffix("/") {
            reading.error("\(quoted(path, limit: 1_000)) is a directory", at: node, hint: "name a file in it, as in file:events.jsonl")
        } else if !SourceFile.isDirectory(folder) {
            reading.error("there is no folder \(quoted(folder, limit: 1_000))", at: node, hint: "make it: mkdir -p \(folder)")
        }
        return .file(path)
    }

    private func exec(_ program: String, _ node: Node, _ arguments: [String]) -> Delivery.Target? {
        let path = SourceFile.resolve(program, from: node.place.file)
        if reading.checksFiles, let obstacle = SourceFile.obstacle(path, executable: true) {
            reading.error(
                "program \(quoted(path, limit: 1_000)) \(obstacle)", at: node,
                hint: "an absolute path, or one relative to this file; arguments stand in 'arguments'")
        }
        // A bare name must not be searched in PATH.
        return .exec([path.contains("/") ? path : "./" + path] + arguments)
    }

    private func nats(_ rest: String, _ node: Node) -> Delivery.Target? {
        reading.refuse(.nats, at: node)
        let parts = rest.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false)
        guard rest.hasPrefix("//"), parts.count == 2 else {
            reading.error("expected nats://HOST/SUBJECT", at: node)
            return nil
        }
        let address = PolicyText.address(parts[0]) ?? PolicyText.host(parts[0]).map { SocketAddressText(host: $0, port: 4_222) }
        let subject = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        let isSubject = subject.allSatisfy { PolicyText.isToken($0) && !$0.contains("*") }
        guard let address, isSubject else {
            reading.error(
                address == nil ? "\(quoted(String(parts[0]))) is not a host" : "\(quoted(String(parts[1]))) is not a subject", at: node)
            return nil
        }
        return .nats(host: address.host, port: address.port, subject: String(parts[1]))
    }

    private func retry(_ node: Node) -> Delivery.Retry? {
        guard let item = Mapping(node, "retry", reading) else { return nil }
        var retry = Delivery.Retry()
        // attempts: in all, the first one too.
        retry.attempts = item.value("attempts", .number(1...1_000), default: retry.attempts)
        // first, longest: waits between attempts, doubling from the one to the other.
        retry.first = item.value("first", .duration, default: retry.first)
        retry.longest = item.value("longest", .duration, default: retry.longest)
        item.finish()
        if retry.first > retry.longest { reading.error("'first' is longer than 'longest'", at: item.place(of: "first")) }
        return retry
    }
}

extension Form where Value == String {
    /// Event types, where `*` stands for any characters, dots too.
    static var pattern: Form {
        text("a pattern of event types", hint: "as in order.*") { text in
            text.utf8.count <= 256 && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
        }
    }

    /// An argument of a program: anything but NUL, and it may be empty.
    static var argument: Form {
        Form { node, reading in
            guard let text = node.text, !text.utf8.contains(0) else {
                reading.error("expected an argument, not \(node.kind)", at: node)
                return nil
            }
            return text
        }
    }
}
