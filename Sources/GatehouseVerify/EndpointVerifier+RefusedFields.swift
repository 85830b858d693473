public import GatehouseHTTP
internal import GatehousePolicy

/// A part of a request that a scheme reads, for the record of a refused request.
public struct NamedField: Sendable, Hashable {
    /// `header:NAME`, `query:NAME` or `json:a.b`, as policy files write it.
    public var name: String
    /// At most 512 bytes of it, as UTF-8 text; nil where it is not there. A field that is there more than once has the first value.
    public var value: String?
    /// Bytes received.
    public var length: Int
    /// It is there more than once.
    public var isRepeated: Bool
}

extension EndpointVerifier {
    /// What the endpoint's schemes read of a request: signatures, times, ids and types. Never a value that is compared for equality, nor
    /// a verify token, nor `Authorization`. Slow; meant for refused requests.
    public func refusedFields(_ request: RequestView, workspace: Workspace) -> [NamedField] {
        workspace.begin(schemes: 0, paths: plan.paths.paths.count)
        if !plan.paths.isEmpty { workspace.scanJSON(request.body, paths: plan.paths) }
        var hidden: Set<ValueSource> = [.header("authorization"), .header("proxy-authorization"), .header("cookie")]
        var sources: [ValueSource] = []
        for scheme in plan.sources {
            hidden.formUnion(scheme.secretSources)
            sources += scheme.signature.sources
            sources += [scheme.timestamp?.source, scheme.event.id, scheme.event.type].compactMap { $0 }
            for part in scheme.signed {
                switch part {
                case .header(let name): sources.append(.header(name))
                case .json(let path): sources.append(.json(path))
                default: continue
                }
            }
        }
        sources += [policy.event?.id, policy.event?.type].compactMap { $0 }
        var fields: [NamedField] = []
        for source in sources where !hidden.contains(source) {
            hidden.insert(source)
            fields += self.fields(source, request, workspace)
        }
        return fields
    }

    private func fields(_ source: ValueSource, _ request: RequestView, _ workspace: Workspace) -> [NamedField] {
        if case .header(let name) = source, name.hasSuffix("*") {
            let prefix = name.dropLast()
            let names = request.head.fields.map { String(decoding: request[$0.name], as: UTF8.self).lowercased() }.filter {
                $0.hasPrefix(prefix)
            }
            return Set(names).sorted().map { field("header:\($0)", values: request.values(FieldName($0))) }
        }
        switch source {
        case .header(let name): return [field(source.text, values: request.values(FieldName(name)))]
        case .query(let name): return [field(source.text, workspace.value(.query(Array(name.utf8)), in: request))]
        case .json(let path):
            guard let slot = plan.paths.paths.firstIndex(of: path) else { return [] }
            return [field(source.text, workspace.value(.json(slot: slot), in: request))]
        }
    }

    private func field(_ name: String, values: [UnsafeRawBufferPointer]) -> NamedField {
        NamedField(name: name, value: values.first.map(Self.shown), length: values.first?.count ?? 0, isRepeated: values.count > 1)
    }

    private func field(_ name: String, _ found: Found) -> NamedField {
        switch found {
        case .one(let value): NamedField(name: name, value: Self.shown(value), length: value.count, isRepeated: false)
        case .repeated: NamedField(name: name, value: nil, length: 0, isRepeated: true)
        case .absent, .unsuitable: NamedField(name: name, value: nil, length: 0, isRepeated: false)
        }
    }

    private static func shown(_ value: UnsafeRawBufferPointer) -> String {
        String(decoding: value.slice(0, min(value.count, 512)), as: UTF8.self)
    }
}
