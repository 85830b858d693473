import GatehouseAudit
import GatehouseHTTP
import GatehouseVerify

/// What the verifier says, in the words of an audit record.
extension DecisionRecord.Check {
    init(_ result: CheckResult) {
        self.init(
            check: result.check.rawValue, scheme: result.scheme, client: result.client, version: result.version, token: result.token,
            result: result.result.rawValue)
    }
}

extension DecisionRecord.Event {
    /// Nil where nothing names the event.
    init?(_ identity: EventIdentity) {
        guard identity.id != nil || identity.type != nil || identity.key != nil else { return nil }
        self.init(
            id: identity.id, isIDCut: identity.isIDCut, type: identity.type, key: identity.key.map { Key(high: $0.high, low: $0.low) })
    }
}

extension SHA256Value {
    init(_ digest: BodyDigest) {
        self = digest.withBytes { SHA256Value(copying: $0) }
    }
}

extension RequestSummary {
    /// Names and lengths of all fields, and the values that the scheme names.
    init(_ view: RequestView, fields: [NamedField]) {
        var values: [Value] = []
        var byHeader: [String: [UInt8]] = [:]
        for field in fields {
            guard let value = field.value else { continue }
            if field.name.hasPrefix("header:") {
                byHeader[String(field.name.dropFirst(7))] = Array(value.utf8)
            } else {
                values.append(Value(source: field.name, value: Array(value.utf8)))
            }
        }
        let headers = view.head.fields.map { line in
            let name = String(decoding: view[line.name], as: UTF8.self)
            return Header(name: name, length: line.value.count, value: byHeader.isEmpty ? nil : byHeader[name.lowercased()])
        }
        self.init(method: String(decoding: view.method, as: UTF8.self), headers: headers, values: values)
    }
}
