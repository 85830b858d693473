/// Reads `gateway.yaml`.
struct GatewayReader {
    let reading: Reading

    func read(_ node: Node) -> GatewayPolicy? {
        guard let file = Mapping(node, "gateway.yaml", reading) else { return nil }
        // listen: at least one public listener; the only key without a default.
        let mistakes = reading.errors.count
        let listeners =
            file.required("listen", .distinct(listener, mayBeEmpty: false), hint: "listen: [{ address, certificate, private-key }]") ?? []
        reading.knowsListeners = reading.errors.count == mistakes
        // public-url: what senders call; signed URLs and the issuer come from it, never from Host. Default: localhost and the
        // first listener's port.
        let publicURL = file.value("public-url", base) ?? "https://localhost:\(listeners.first?.address.port ?? 8443)"
        // state: directory of the master key, the database, audit/ and the control socket.
        let state = file.value("state", .path) ?? GatewayPolicy.defaultState(node.place.file)
        var policy = GatewayPolicy(listeners: listeners, publicURL: publicURL, state: state)
        // cluster: NATS servers, as a list or as text with commas; null: a gateway on its own.
        policy.cluster = file.value("cluster", cluster, default: [])
        policy.admin = file.value("admin", Form(read: admin), default: policy.admin)
        checkAddresses(listeners, policy.admin, file)
        policy.oauth = file.value("oauth", OAuthReader(issuer: publicURL).form, default: policy.oauth)
        policy.limits = file.value("limits", Form(read: limits), default: policy.limits)
        // trusted-proxies: networks whose word about the peer's address is believed; exempt from per-peer.
        policy.trustedProxies = file.value("trusted-proxies", .distinct(.network), default: [])
        policy.audit = file.value("audit", Form(read: audit), default: policy.audit)
        policy.log = file.value("log", Form(read: log), default: policy.log)
        policy.secrets = file.value("secrets", Form(read: secrets), default: policy.secrets)
        file.finish()
        OAuthReader.check(policy, file)
        if policy.trustedProxies.isEmpty, let listen = file.node("listen"), listeners.contains(where: { $0.forwardedBy != nil }) {
            reading.warning(
                "forwarded-by has no effect without trusted-proxies", at: listen, hint: "name the proxies' networks in trusted-proxies")
        }
        return policy
    }

    private var listener: Form<GatewayPolicy.Listener> {
        Form { node, reading in
            guard let item = Mapping(node, "a listener", reading) else { return nil }
            // address: HOST:PORT; 0.0.0.0 and [::] are every address.
            let address = item.required("address", .address)
            guard let identity = identity(item) else {
                _ = listenerDetails(item)
                item.finish()
                return nil
            }
            let (minimumTLS, clientCRL, names, forwardedBy) = listenerDetails(item)
            item.finish()
            checkList(clientCRL, identity, names, item)
            checkNames(identity, names, item)
            return address.map {
                var listener = GatewayPolicy.Listener(
                    address: $0, identity: identity, minimumTLS: minimumTLS, clientCRL: clientCRL, names: names, forwardedBy: forwardedBy)
                listener.place = PolicyPlace(item.place(of: "certificate"))
                listener.crlPlace = clientCRL.map { _ in PolicyPlace(item.place(of: "client-crl")) }
                return listener
            }
        }
    }

    private func listenerDetails(
        _ item: Mapping
    ) -> (GatewayPolicy.TLSVersion, String?, [GatewayPolicy.Identity], GatewayPolicy.ForwardedBy?) {
        // minimum-tls: "1.2" or "1.3"; older versions are broken (RFC 8996, SEC-1).
        let minimumTLS = item.value("minimum-tls", .choice, default: GatewayPolicy.TLSVersion.v12)
        // client-crl: revocation lists for the client-ca of the listener and of its names; reloaded; an expired one refuses new handshakes.
        let clientCRL = item.value("client-crl", .readableFile(hint: "a PEM or DER revocation list of the client-ca"))
        // names: further certificates, chosen by SNI.
        let names = item.value("names", .list(namedIdentity), default: [])
        // forwarded-by: how trusted proxies tell the sender's address.
        let forwardedBy: GatewayPolicy.ForwardedBy? = item.value("forwarded-by", .choice)
        return (minimumTLS, clientCRL, names, forwardedBy)
    }

    private var namedIdentity: Form<GatewayPolicy.Identity> {
        Form { node, reading in
            guard let item = Mapping(node, "an entry of names", reading) else { return nil }
            item.refuse(["client-crl"], because: "belongs beside 'names': the listener's list holds for each client-ca in it")
            defer { item.finish() }
            return identity(item)
        }
    }

    private func identity(_ item: Mapping) -> GatewayPolicy.Identity? {
        // certificate: PEM chain, leaf first.
        let certificate = item.required(
            "certificate", .readableFile(hint: "a PEM chain, leaf first; 'gatehouse dev' makes one for trying out"),
            hint: "public listeners speak TLS only")
        // private-key: PEM, readable by the gateway's user alone.
        let key = item.required("private-key", .readableFile(hint: "the PEM key of the certificate"))
        // client-ca: optional; ask for client certificates signed by it.
        let clientCA = item.value(
            "client-ca", .readableFile(hint: "the PEM certificate of the authority that client certificates come from"))
        guard let certificate, let key else { return nil }
        return GatewayPolicy.Identity(certificate: certificate, privateKey: key, clientCA: clientCA)
    }

    /// Nothing is said while an entry of `names` could not be read: it may be the one with the client-ca.
    private func checkList(_ list: String?, _ identity: GatewayPolicy.Identity, _ names: [GatewayPolicy.Identity], _ item: Mapping) {
        guard list != nil, identity.clientCA == nil, !names.contains(where: { $0.clientCA != nil }) else { return }
        if let entries = item.node("names") {
            guard case .sequence(let entries) = entries.content, entries.count == names.count else { return }
        }
        reading.error(
            "client-crl needs a client-ca", at: item.place(of: "client-crl"),
            hint: "name the authority that client certificates come from, here or in an entry of names")
    }

    /// A certificate is chosen by the names in it, so the second of two alike is never chosen.
    private func checkNames(_ identity: GatewayPolicy.Identity, _ names: [GatewayPolicy.Identity], _ item: Mapping) {
        guard case .sequence(let entries)? = item.node("names")?.content, entries.count == names.count else { return }
        var seen: Set<String> = [identity.certificate]
        for (other, entry) in zip(names, entries) where !seen.insert(other.certificate).inserted {
            reading.error(
                "certificate \(quoted(other.certificate, limit: 1_000)) is in this listener twice", at: entry,
                hint: "the first one serves all of its names; remove one")
        }
    }

    private func checkAddresses(_ listeners: [GatewayPolicy.Listener], _ admin: GatewayPolicy.Admin, _ file: Mapping) {
        guard let list = file.node("listen") else { return }
        var seen: [SocketAddressText] = []
        for listener in listeners {
            if let other = seen.first(where: { $0.collides(with: listener.address) }) {
                reading.error(
                    other == listener.address
                        ? "two listeners on \(other)" : "listeners on \(other) and \(listener.address) take each other's port",
                    at: list)
            }
            seen.append(listener.address)
        }
        if let other = seen.first(where: { $0.collides(with: admin.address) }) {
            reading.error(
                "the admin listener on \(admin.address) and the public one on \(other) need different ports",
                at: file.node("admin") ?? list,
                hint: "admin: { address: 127.0.0.1:PORT }")
        }
    }

    /// An https URL that paths are appended to.
    private var base: Form<String> {
        Form { node, reading in
            guard let url = Form.publicURL.read(node, reading) else { return nil }
            return url.hasSuffix("/") ? String(url.dropLast()) : url
        }
    }

    private var cluster: Form<[String]> {
        Form { node, reading in
            reading.refuse(.cluster, at: node)
            let server = Form.text("a nats://HOST:PORT address") { text in
                text.hasPrefix("nats://") && PolicyText.address(text.dropFirst(7)) != nil
            }
            guard let text = node.text else { return Form.distinct(server, mayBeEmpty: false).read(node, reading) }
            return text.split(separator: ",", omittingEmptySubsequences: false).compactMap { part in
                let trimmed = String(part.drop { $0 == " " })
                return server.read(Node(place: node.place, content: .scalar(trimmed, quoted: true)), reading)
            }
        }
    }

    /// admin: console, metrics and health. Plain HTTP on loopback; elsewhere it needs a certificate (SEC-88).
    private func admin(_ node: Node, _ reading: Reading) -> GatewayPolicy.Admin? {
        guard let item = Mapping(node, "admin", reading) else { return nil }
        var admin = GatewayPolicy.Admin()
        admin.address = item.value("address", .address, default: admin.address)
        if item.node("certificate") != nil || item.node("private-key") != nil || item.node("client-ca") != nil {
            admin.identity = identity(item)
        }
        item.finish()
        if !admin.address.isLoopback, item.node("certificate") == nil {
            reading.error(
                "the admin listener on \(admin.address) needs TLS", at: item.node("address") ?? node,
                hint: "give certificate and private-key, or a loopback address such as 127.0.0.1:\(admin.address.port)")
        }
        return admin
    }

    private func limits(_ node: Node, _ reading: Reading) -> GatewayPolicy.Limits? {
        guard let item = Mapping(node, "limits", reading) else { return nil }
        var limits = GatewayPolicy.Limits()
        // connections: open at once, all listeners together.
        limits.connections = item.value("connections", .number(1...1_000_000), default: limits.connections)
        // per-peer: open at once from one address.
        limits.perPeer = item.value("per-peer", .number(1...1_000_000), default: limits.perPeer)
        // headers: bytes of a request's head.
        limits.headers = item.value("headers", .size(atLeast: 1_024, atMost: 1 << 20), default: limits.headers)
        // body: bytes of a request's body where the endpoint says nothing.
        limits.body = item.value("body", .size(atMost: 1 << 30), default: limits.body)
        // header-timeout, body-timeout: for the whole head and the whole body.
        limits.headerTimeout = item.value("header-timeout", .duration, default: limits.headerTimeout)
        limits.bodyTimeout = item.value("body-timeout", .duration, default: limits.bodyTimeout)
        // idle-timeout: between two requests of a connection.
        limits.idleTimeout = item.value("idle-timeout", .duration, default: limits.idleTimeout)
        // failures: refused requests an address may cause (burst 200); above it 429, counted and not recorded one by one.
        limits.failures = item.value("failures", .rate, default: limits.failures)
        // drain: how long a stopping gateway serves what arrives.
        limits.drain = item.value("drain", .durationOrZero, default: limits.drain)
        item.finish()
        return limits
    }

    private func audit(_ node: Node, _ reading: Reading) -> GatewayPolicy.Audit? {
        guard let item = Mapping(node, "audit", reading) else { return nil }
        var audit = GatewayPolicy.Audit()
        // on-failure: refuse answers 503 while records cannot be written; allow goes on without them.
        audit.onFailure = item.value("on-failure", .choice, default: audit.onFailure)
        // segment: size at which a new log file begins.
        audit.segment = item.value("segment", .size(atLeast: 64 * 1_024, atMost: 1 << 36), default: audit.segment)
        // keep: age after which whole segments are deleted; a signed anchor stands in their place.
        audit.keep = item.value("keep", .duration, default: audit.keep)
        audit.keepPlace = item.node("keep").map { _ in PolicyPlace(item.place(of: "keep")) }
        // keep-rejected: how long refused requests are kept, sealed, for `explain`; absent: not at all.
        audit.keepRejected = item.value("keep-rejected", .duration)
        // keep-rejected-size: the most that they may take; the oldest go first.
        audit.keepRejectedSize = item.value(
            "keep-rejected-size", .size(atLeast: 1_048_576, atMost: 1 << 36), default: audit.keepRejectedSize)
        if let place = item.node("keep-rejected"), audit.keepRejected != nil {
            reading.warning(
                "keep-rejected stores refused requests with their bodies (sealed, and destroyed after that time): their bodies may hold personal data",
                at: place)
        }
        // forward: live copies of the records: syslog+tls://HOST:PORT, file:PATH, { to, ca }, or a list of these.
        audit.forward = item.value("forward", .auditForwards, default: [])
        // reserve: free space below which the gateway answers 503.
        audit.reserve = item.value("reserve", .size(atLeast: 0), default: audit.reserve)
        item.finish()
        if audit.onFailure == .allow, let place = item.node("on-failure") {
            reading.warning("on-failure: allow accepts events that leave no record", at: place)
        }
        return audit
    }

    private func log(_ node: Node, _ reading: Reading) -> GatewayPolicy.Log? {
        guard let item = Mapping(node, "log", reading) else { return nil }
        var log = GatewayPolicy.Log()
        log.level = item.value("level", .choice, default: log.level)
        // format: text for people, json for collectors; both to standard error.
        log.format = item.value("format", .choice, default: log.format)
        item.finish()
        return log
    }

    private func secrets(_ node: Node, _ reading: Reading) -> GatewayPolicy.Secrets? {
        guard let item = Mapping(node, "secrets", reading) else { return nil }
        var secrets = GatewayPolicy.Secrets()
        // overlap: how long `rotate` keeps the old version valid.
        secrets.overlap = item.value("overlap", .durationOrZero, default: secrets.overlap)
        // quiet: how long a version must have been unused to be safe to retire.
        secrets.quiet = item.value("quiet", .durationOrZero, default: secrets.quiet)
        // keep-retired: how long a retired version is kept to explain refusals.
        secrets.keepRetired = item.value("keep-retired", .durationOrZero, default: secrets.keepRetired)
        // master-key: where the key comes from that seals the state: file:PATH, credential:NAME (of systemd) or fd:N; STATE/master.key unless given.
        secrets.masterKey = item.value("master-key", .masterKeySource, default: secrets.masterKey)
        if secrets.overlap == .zero, let place = item.node("overlap") {
            reading.warning(
                "overlap: 0 has `secret rotate` end every older version at once: events that their senders still sign with it are refused",
                at: place)
        }
        if secrets.quiet == .zero, let place = item.node("quiet") {
            reading.warning("quiet: 0 calls a version safe to retire, and retires it, as soon as a newer one was used once", at: place)
        }
        if secrets.keepRetired == .zero, let place = item.node("keep-retired") {
            reading.warning(
                "keep-retired: 0 destroys a retired value at once: an event signed with it cannot be told from a wrongly signed one",
                at: place)
        }
        item.finish()
        return secrets
    }
}

extension Form where Value == GatewayPolicy.MasterKeySource {
    static var masterKeySource: Form {
        Form { node, reading in
            guard let text = Form<String>.text("file:PATH, credential:NAME or fd:N", { !$0.utf8.contains(0) }).read(node, reading) else {
                return nil
            }
            func rest(_ prefix: String) -> String? { text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil }
            if let path = rest("file:"), !path.isEmpty { return .file(SourceFile.resolve(path, from: node.place.file)) }
            if let name = rest("credential:"), !name.isEmpty, !name.contains("/"), name != ".", name != ".." { return .credential(name) }
            if let number = rest("fd:").flatMap({ Int32($0) }), number > 2 { return .descriptor(number) }
            reading.error(
                "\(quoted(text)) does not say where the master key is", at: node,
                hint:
                    "file:PATH, credential:NAME as in LoadCredential=NAME:PATH of a systemd unit, or fd:N with N above 2; never the key itself"
            )
            return nil
        }
    }
}

extension Form where Value == String {
    /// An https URL without query, as senders write it.
    static var publicURL: Form {
        Form { node, reading in
            guard let text = text("a URL", { _ in true }).read(node, reading) else { return nil }
            do throws(WebAddress.Problem) {
                let url = try WebAddress(text)
                guard url.isTLS else {
                    throw WebAddress.Problem(
                        message: "\(quoted(text)) is not an https URL", hint: "senders reach the gateway over TLS only")
                }
                guard url.query == nil else {
                    throw WebAddress.Problem(message: "a public URL has no query", hint: "remove '?' and what follows")
                }
                return text
            } catch {
                reading.error(error.message, at: node, hint: error.hint)
                return nil
            }
        }
    }
}

extension GatewayPolicy {
    static func defaultState(_ file: String) -> String { SourceFile.resolve("../var", from: file) }
}
