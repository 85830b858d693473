internal import GatehouseCrypto

/// A request's parameters, decoded into memory that is wiped: secrets are among them.
struct FormParameters: Sendable {
    private let storage: Secret
    private var ranges: [Range<Int>?]
    /// `resource`, which alone may be there several times (RFC 8707 section 2).
    private(set) var resources: [String] = []

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

    /// Nil for a body that is no form, repeats a parameter, or is larger than any request that means something (SEC-28).
    init?(_ body: UnsafeRawBufferPointer) {
        guard body.count <= Self.maximumLength else { return nil }
        var ranges = [Range<Int>?](repeating: nil, count: Name.texts.count)
        var others: Set<String> = []
        var resources: [Range<Int>] = []
        var isForm = true
        var end = 0
        let storage = try? Secret(count: body.count) { output in
            var count = 0
            var pairs = body.split(separator: UInt8(ascii: "&"), maxSplits: Self.maximumParameters, omittingEmptySubsequences: false)[...]
            // An empty body has no parameter, and a form may be empty.
            if body.isEmpty { pairs = [] }
            for pair in pairs {
                count += 1
                let equals = pair.firstIndex(of: UInt8(ascii: "="))
                let start = end
                guard count <= Self.maximumParameters, !pair.isEmpty,
                    let nameLength = Self.decode(pair[..<(equals ?? pair.endIndex)], output, end),
                    let name = String(
                        validating: UnsafeRawBufferPointer(output)[start..<start + nameLength], as: UTF8.self)
                else {
                    isForm = false
                    return
                }
                guard let valueLength = equals.map({ Self.decode(pair[($0 + 1)...], output, start) }) ?? 0 else {
                    isForm = false
                    return
                }
                let range = start..<start + valueLength
                end = range.upperBound
                guard let known = Name.texts[name] else {
                    isForm = others.insert(name).inserted && isForm
                    continue
                }
                if known == .resource, !range.isEmpty, resources.count < Self.maximumResources {
                    resources.append(range)
                    continue
                }
                let index = known.rawValue
                guard ranges[index] == nil else {
                    isForm = false
                    return
                }
                ranges[index] = range
            }
        }
        guard isForm, let storage else { return nil }
        self.storage = storage
        self.ranges = ranges
        self.resources = resources.map { range in
            storage.withBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) }
        }
        guard Set(self.resources).count == self.resources.count else { return nil }
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

    private static func decode(_ part: Slice<UnsafeRawBufferPointer>, _ output: UnsafeMutableRawBufferPointer, _ start: Int) -> Int? {
        FormText.decode(UnsafeRawBufferPointer(rebasing: part), into: UnsafeMutableRawBufferPointer(rebasing: output[start...]))
    }

    private static let maximumLength = 65_536
    private static let maximumParameters = 32
    private static let maximumResources = 16
}
