internal import GatehouseHTTP
internal import GatehousePolicy

/// A ``ValueSource`` ready to be looked up.
enum SourcePlan: Sendable {
    case header(FieldName)
    /// `X-Signature-*`: every header that begins so.
    case family(prefix: [UInt8])
    /// The name as it stands once decoded.
    case query([UInt8])
    case json(slot: Int)

    init(_ source: ValueSource, paths: inout JSONPaths) {
        switch source {
        case .header(let name) where name.hasSuffix("*"): self = .family(prefix: FieldName(String(name.dropLast())).bytes)
        case .header(let name): self = .header(FieldName(name))
        case .query(let name): self = .query(Array(name.utf8))
        case .json(let path): self = .json(slot: paths.slot(for: path))
        }
    }
}

/// What a request has where a source points.
enum Found {
    case absent
    case one(UnsafeRawBufferPointer)
    /// There twice.
    case repeated
    /// There, but no text: a JSON object or array, half a surrogate pair, or a body that is nested too deeply to read.
    case unsuitable
}

extension Workspace {
    /// Looks one value up. Pointers are into the request or into the arena, good until the next request.
    func value(_ source: SourcePlan, in request: RequestView) -> Found {
        switch source {
        case .header(let name):
            switch request.field(name) {
            case .absent: .absent
            case .one(let value): .one(value)
            case .repeated: .repeated
            }
        case .family: .unsuitable
        case .query(let name): queryValue(name, in: request)
        case .json(let slot): jsonValue(slot, in: request.body)
        }
    }

    /// The value as text, nil unless it is there exactly once.
    func text(_ source: SourcePlan, in request: RequestView) -> UnsafeRawBufferPointer? {
        if case .one(let value) = value(source, in: request) { return value }
        return nil
    }

    /// As ``FormEncoding`` decodes it.
    private func queryValue(_ name: [UInt8], in request: RequestView) -> Found {
        guard let query = request.head.query.map({ request[$0] }) else { return .absent }
        var found: UnsafeRawBufferPointer?
        var start = 0
        while start <= query.count {
            var end = start
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            let pair = query.slice(start, end)
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            if formDecoded(pair.slice(0, equals)).equals(name) {
                if found != nil { return .repeated }
                found = formDecoded(pair.slice(min(equals + 1, pair.count), pair.count))
            }
            start = end + 1
        }
        return found.map { .one($0) } ?? .absent
    }

    private func formDecoded(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return text }
        let output = arena.allocate(text.count)
        let written = FormEncoding.decode(text, into: output)
        arena.shrinkLast(from: text.count, to: written)
        return UnsafeRawBufferPointer(rebasing: output[..<written])
    }

    private func jsonValue(_ slot: Int, in body: UnsafeRawBufferPointer) -> Found {
        switch jsonProblem {
        case .notJSON: return .absent
        case .repeated: return .repeated
        case .tooDeep: return .unsuitable
        case nil: break
        }
        guard slot < found.count, let value = found[slot] else { return .absent }
        let text = body.slice(value.start, value.end)
        switch value.kind {
        case .null: return .absent
        case .container: return .unsuitable
        case .number, .literal: return .one(text)
        case .string:
            guard value.escaped else { return .one(text) }
            let output = arena.allocate(text.count)
            guard let count = JSONText.unescape(text, into: output) else { return .unsuitable }
            arena.shrinkLast(from: text.count, to: count)
            return .one(UnsafeRawBufferPointer(rebasing: output[..<count]))
        }
    }
}
