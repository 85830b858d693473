internal import GatehouseCrypto

/// A request's parameters, decoded into memory that is wiped: secrets are among them.
struct FormParameters: Sendable {
    private let storage: Secret
    private let ranges: [Range<Int>?]
    /// `resource`, which alone may be there several times (RFC 8707 section 2).
    let resources: [String]

    /// The parameters that are read; others are ignored (RFC 6749 section 3.2), but may not be repeated either.
    enum Name: Int {
        case grantType, clientID, clientSecret, assertionType, assertion, username, password, scope, audience, resource, token,
            tokenTypeHint

        /// As it stands in a form.
        static let texts: [String: Name] = [
            "grant_type": .grantType, "client_id": .clientID, "client_secret": .clientSecret, "client_assertion_type": .assertionType,
            "client_assertion": .assertion, "username": .username, "password": .password, "scope": .scope, "audience": .audience,
            "resource": .resource, "token": .token, "token_type_hint": .tokenTypeHint,
        ]
    }

    /// Why a body is no form that counts. Names known parameters only: what stands where a name should may be a secret.
    enum Flaw: Error, CustomStringConvertible {
        case length
        case count
        /// `&&`, or an `&` at either end.
        case empty
        case name(FormText.Flaw)
        case value(String?, FormText.Flaw)
        /// Nil: one that is not read here.
        case repeated(String?)
        case resources
        case sameResource
        case unavailable

        var description: String {
            switch self {
            case .length: "the body is longer than \(maximumLength) bytes"
            case .count: "there are more than \(maximumParameters) parameters"
            case .empty: "there is an `&` with nothing before or behind it"
            case .name(let flaw): "a parameter's name \(flaw)"
            case .value(let name, let flaw): "\(name.map { "`\($0)`" } ?? "a parameter's value") \(flaw)"
            case .repeated(let name): "\(name.map { "`\($0)`" } ?? "a parameter") comes more than once"
            case .resources: "`resource` comes more than \(maximumResources) times"
            case .sameResource: "`resource` comes twice with the same value"
            case .unavailable: "there is no memory for it"
            }
        }
    }

    /// Fails for a body that is no form, repeats a parameter, or is larger than any request that means something (SEC-28).
    init(_ body: UnsafeRawBufferPointer) throws(Flaw) {
        guard body.count <= Self.maximumLength else { throw .length }
        var result = Result<Read, Flaw>.failure(.unavailable)
        let storage = try? Secret(count: body.count) { output in
            result = Result { () throws(Flaw) in try Self.read(body, output) }
        }
        let read = try result.get()
        guard let storage else { throw .unavailable }
        self.storage = storage
        ranges = read.ranges
        resources = read.resources.map { range in
            storage.withBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) }
        }
        guard Set(resources).count == resources.count else { throw .sameResource }
    }

    private struct Read {
        var ranges = [Range<Int>?](repeating: nil, count: Name.texts.count)
        var resources: [Range<Int>] = []
    }

    /// Decodes every value to its place in `output`, one after the other.
    private static func read(_ body: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) throws(Flaw) -> Read {
        var read = Read()
        // An empty body has no parameter, and a form may be empty.
        guard !body.isEmpty else { return read }
        var others: Set<String> = []
        var end = 0
        let pairs = body.split(separator: UInt8(ascii: "&"), maxSplits: maximumParameters, omittingEmptySubsequences: false)
        guard pairs.count <= maximumParameters else { throw .count }
        for pair in pairs {
            guard !pair.isEmpty else { throw .empty }
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let start = end
            let name: String
            do throws(FormText.Flaw) {
                let length = try decode(pair[..<(equals ?? pair.endIndex)], output, start)
                name = String(decoding: UnsafeRawBufferPointer(output)[start..<start + length], as: UTF8.self)
            } catch { throw .name(error) }
            let known = Name.texts[name]
            var length = 0
            if let equals {
                do throws(FormText.Flaw) { length = try decode(pair[(equals + 1)...], output, start) } catch {
                    throw .value(known == nil ? nil : name, error)
                }
            }
            let range = start..<start + length
            end = range.upperBound
            guard let known else {
                guard others.insert(name).inserted else { throw .repeated(nil) }
                continue
            }
            if known == .resource, !range.isEmpty {
                guard read.resources.count < maximumResources else { throw .resources }
                read.resources.append(range)
                continue
            }
            guard read.ranges[known.rawValue] == nil else { throw .repeated(name) }
            read.ranges[known.rawValue] = range
        }
        return read
    }

    /// A parameter without a value counts as left out (RFC 6749 section 3.2).
    func has(_ name: Name) -> Bool { range(name) != nil }

    /// For what is no secret.
    func text(_ name: Name) -> String? {
        range(name).map { range in storage.withBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) } }
    }

    func secret(_ name: Name) -> Secret? {
        range(name).map { range in storage.withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[range])) } }
    }

    /// The bytes are valid within `body`.
    func withBytes<R>(_ name: Name, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        range(name).map { range in storage.withBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) } }
    }

    private func range(_ name: Name) -> Range<Int>? {
        guard let range = ranges[name.rawValue], !range.isEmpty else { return nil }
        return range
    }

    private static func decode(_ part: Slice<UnsafeRawBufferPointer>, _ output: UnsafeMutableRawBufferPointer, _ start: Int) throws(FormText
        .Flaw) -> Int
    {
        try FormText.decode(UnsafeRawBufferPointer(rebasing: part), into: UnsafeMutableRawBufferPointer(rebasing: output[start...]))
    }

    private static let maximumLength = 65_536
    private static let maximumParameters = 32
    private static let maximumResources = 16
}
