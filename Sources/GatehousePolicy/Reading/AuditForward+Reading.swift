extension Form where Value == [AuditForward] {
    /// One place, or a list of them.
    static var auditForwards: Form {
        Form { node, reading in
            if case .sequence = node.content { return distinct(.auditForward).read(node, reading) }
            return Form<AuditForward>.auditForward.read(node, reading).map { [$0] }
        }
    }
}

extension Form where Value == AuditForward {
    /// `syslog+tls://HOST:PORT`, `file:PATH`, or `{ to: …, ca: PEM }`.
    static var auditForward: Form {
        Form { node, reading in
            guard node.text == nil else { return target(node, reading).map { AuditForward($0) } }
            guard let item = Mapping(node, "a place to forward records to", reading) else { return nil }
            // to: syslog+tls://HOST:PORT or file:PATH.
            let to = item.required("to", Form<AuditForward.Target> { node, reading in target(node, reading) })
            // ca: PEM authorities that the receiver's certificate must come from; absent: the system's.
            let ca = item.value("ca", .readableFile(hint: "a PEM file with the authorities of the receiver"))
            item.finish()
            if ca != nil, case .file? = to { reading.error("'ca' is for syslog+tls://", at: item.place(of: "ca")) }
            return to.map { AuditForward($0, ca: ca) }
        }
    }

    private static func target(_ node: Node, _ reading: Reading) -> AuditForward.Target? {
        let hint = "syslog+tls://HOST:PORT, as in syslog+tls://siem.example:6514, or file:PATH"
        guard let text = Form<String>.text("a place to forward records to", hint: hint, { !$0.utf8.contains(0) }).read(node, reading) else {
            return nil
        }
        if text.hasPrefix("file:"), text.utf8.count > 5 {
            let path = SourceFile.resolve(String(text.dropFirst(5)), from: node.place.file)
            let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            // The gateway starts all the same, and tries until it is there.
            if reading.checksFiles, !directory.isEmpty, !SourceFile.isDirectory(directory) {
                reading.warning(
                    "no record can be forwarded to \(quoted(path, limit: 1_000)): there is no directory \(quoted(directory, limit: 1_000))",
                    at: node, hint: "make it, writable by the gateway's user")
            }
            return .file(path)
        }
        if text.hasPrefix(syslog) {
            let rest = text.dropFirst(syslog.count)
            if let address = PolicyText.address(rest), address.port > 0 { return .syslog(host: address.host, port: address.port) }
            // RFC 5425 section 4.1.
            if let host = PolicyText.host(rest) { return .syslog(host: host, port: 6_514) }
        }
        reading.error("\(quoted(text)) is no place to forward records to", at: node, hint: hint)
        return nil
    }

    private static var syslog: String { "syslog+tls://" }
}
