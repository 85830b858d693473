public import GatehouseCrypto
public import GatehousePolicy
public import GatehouseTime

/// A request about to be signed, and as it is to be sent.
public struct SignedRequest: Sendable {
    public var method: String
    /// The URL that the receiver has configured, with the request's query.
    public var url: String
    public var fields: [(name: String, value: String)]
    public var body: [UInt8]

    public init(method: String = "POST", url: String, fields: [(name: String, value: String)] = [], body: [UInt8]) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    func value(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }
}

/// Why a request could not be signed as a scheme's sender would.
public struct SignerError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable { case key, missing, layout }

    public let code: Code
    public let description: String

    static func key(_ message: String) -> SignerError { SignerError(code: .key, description: message) }
    static func missing(_ message: String) -> SignerError { SignerError(code: .missing, description: message) }
    static func layout(_ message: String) -> SignerError { SignerError(code: .layout, description: message) }
}

/// Signs requests as a scheme's sender does: what verification undoes. For `gatehouse send` and for tests.
///
/// Fields that the caller gave stay: a timestamp or id among them is what gets signed, so that stale and repeated events can be made.
/// A timestamp or token that stands in the JSON body must be there already. A signature that stands in the JSON body takes the place of
/// the string that is there (any string, also an empty one), which only works where the body itself is not signed.
public struct Signer: Sendable {
    private let scheme: Scheme
    private let algorithm: SignatureAlgorithm
    private let key: Key

    private enum Key: Sendable {
        case shared(Secret)
        case asymmetric(PrivateKey, SignatureScheme)
    }

    /// - Parameter secret: the credential's value; for public-key schemes the private key as PKCS#8 PEM.
    public init(scheme: Scheme, secret: Secret) throws(SignerError) {
        self.scheme = scheme
        guard let algorithm = scheme.algorithms.max(by: { ($0.signatureLength ?? 0) < ($1.signatureLength ?? 0) }) else {
            throw .layout("scheme \(scheme.name) names no algorithm")
        }
        self.algorithm = algorithm
        if let signatureScheme = algorithm.signatureScheme {
            do throws(CryptoError) {
                key = .asymmetric(try PrivateKey(pem: secret), signatureScheme)
            } catch {
                throw .key("scheme \(scheme.name) signs with a private key, PKCS#8 PEM: \(error)")
            }
        } else {
            guard let bytes = scheme.key.key(from: secret) else {
                throw .key("the secret is not \(scheme.key.decode.rawValue), as scheme \(scheme.name) has its keys")
            }
            key = .shared(bytes)
        }
    }

    /// The request with everything the scheme asks for: timestamp, id and signature.
    public func sign(_ request: SignedRequest, at time: WallTime) throws(SignerError) -> SignedRequest {
        var request = request
        let timestamp = try addTimestamp(to: &request, at: time)
        try addTemplateFields(to: &request)
        let text = try encode(signature(of: message(request, timestamp)))
        let value = try laidOut(text, timestamp: timestamp)
        guard let source = scheme.signature.sources.first else { throw .layout("scheme \(scheme.name) names no place for its signature") }
        switch source {
        case .header(let name):
            // The first of a numbered family.
            request.fields.append((name: name.hasSuffix("*") ? name.dropLast() + "1" : name, value: value))
        case .query(let name):
            guard !scheme.signed.contains(.url) else {
                throw .layout("scheme \(scheme.name): a signature in a query that is itself signed")
            }
            request.url += (request.url.contains("?") ? "&" : "?") + name + "=" + Self.percentEncoded(value)
        case .json(let path):
            guard !scheme.signed.contains(.body) else {
                throw .layout("scheme \(scheme.name): a signature in a body that is itself signed")
            }
            try replace(path, with: value, in: &request.body)
        }
        return request
    }

    // MARK: What is signed

    /// The text of the timestamp; nil where the scheme has none.
    private func addTimestamp(to request: inout SignedRequest, at time: WallTime) throws(SignerError) -> String? {
        guard let timestamp = scheme.timestamp else { return nil }
        let text = Self.text(time, timestamp.unit)
        switch timestamp.source {
        case nil: return text
        case .header(let name):
            if let given = request.value(name) { return given }
            request.fields.append((name: name, value: text))
            return text
        case .query(let name):
            if let given = Self.queryValue(name, in: request.url) { return given }
            request.url += (request.url.contains("?") ? "&" : "?") + name + "=" + Self.percentEncoded(text)
            return text
        case .json(let path): return try jsonText(path, in: request.body)
        }
    }

    /// Headers that the template or the event's id names, where the caller gave none: an id of its own for each request.
    private func addTemplateFields(to request: inout SignedRequest) throws(SignerError) {
        for part in scheme.signed {
            guard case .header(let name) = part, request.value(name) == nil else { continue }
            guard scheme.event.id == .header(name) else {
                throw .missing("scheme \(scheme.name) signs the header \(name): give it with --header")
            }
            do throws(CryptoError) {
                request.fields.append((name: name, value: "msg_" + Hex.encode(try Random.bytes(16))))
            } catch {
                throw .key("no random id: \(error)")
            }
        }
    }

    private func message(_ request: SignedRequest, _ timestamp: String?) throws(SignerError) -> [UInt8] {
        var message: [UInt8] = []
        for part in scheme.signed {
            switch part {
            case .literal(let text): message += Array(text.utf8)
            case .body: message += request.body
            case .timestamp: message += Array((timestamp ?? "").utf8)
            case .header(let name): message += Array((request.value(name) ?? "").utf8)
            case .json(let path): message += Array(try jsonText(path, in: request.body).utf8)
            case .method: message += Array(request.method.utf8)
            case .path: message += Array(Self.path(of: request.url).utf8)
            case .url: message += Array(request.url.utf8)
            case .secret: if case .shared(let secret) = key { message += secret.withBytes { Array($0) } }
            }
        }
        return message
    }

    private func signature(of message: [UInt8]) throws(SignerError) -> [UInt8] {
        do {
            switch key {
            case .asymmetric(let privateKey, let signatureScheme):
                return try message.withUnsafeBytes { bytes in try privateKey.sign(signatureScheme, bytes) }
            case .shared(let secret):
                if algorithm == .equality { return secret.withBytes { Array($0) } }
                guard let digest = algorithm.digest else { return Digest.sha256(message) }
                return try message.withUnsafeBytes { bytes in try HMAC.compute(digest, key: secret, bytes) }
            }
        } catch {
            throw .key("scheme \(scheme.name): \(error)")
        }
    }

    // MARK: How it is written

    private func encode(_ signature: [UInt8]) -> String {
        switch scheme.signature.encoding {
        case .hex: Hex.encode(signature)
        case .base64: Base64.encode(signature)
        case .base64url: Base64.encode(signature, alphabet: .url, padded: false)
        case .text: String(decoding: signature, as: UTF8.self)
        }
    }

    private func laidOut(_ text: String, timestamp: String?) throws(SignerError) -> String {
        switch scheme.signature.layout {
        case .bare: return text
        case .prefixed(let prefix): return prefix + text
        case .algorithm(let assign, _): return (algorithm.hashName ?? algorithm.rawValue) + assign + text
        case .list(let separator, let assign, let label, let timeLabel):
            let time = timeLabel.map { $0 + assign + (timestamp ?? "") + separator } ?? ""
            return time + label + assign + text
        case .positional(let separator, let timePosition, let signatures):
            // Positions before the signature that are neither it nor the time stay empty.
            let count = max(timePosition ?? 0, signatures.lowerBound) + 1
            guard count <= 64 else { throw .layout("scheme \(scheme.name) has its signature at position \(signatures.lowerBound)") }
            let items = (0..<count).map { $0 == timePosition ? timestamp ?? "" : $0 == signatures.lowerBound ? text : "" }
            return items.joined(separator: separator)
        }
    }

    private func jsonText(_ path: [String], in body: [UInt8]) throws(SignerError) -> String {
        let value = try jsonValue(path, in: body)
        let text = body[value.start..<value.end]
        guard value.escaped else { return String(decoding: text, as: UTF8.self) }
        var output = Array(text)
        let count = Array(text).withUnsafeBytes { source in output.withUnsafeMutableBytes { JSONText.unescape(source, into: $0) } }
        guard let count else { throw .missing("the body's \(path.joined(separator: ".")) is no text") }
        return String(decoding: output[..<count], as: UTF8.self)
    }

    private func replace(_ path: [String], with value: String, in body: inout [UInt8]) throws(SignerError) {
        let place = try jsonValue(path, in: body)
        guard place.kind == .string else {
            throw .missing("the body's \(path.joined(separator: ".")) must be a string, which the signature replaces")
        }
        var quoted: [UInt8] = []
        Array(value.utf8).withUnsafeBytes { JSONText.appendQuoted($0, to: &quoted) }
        body.replaceSubrange(place.start - 1..<place.end + 1, with: quoted)
    }

    private func jsonValue(_ path: [String], in body: [UInt8]) throws(SignerError) -> JSONScanner.Value {
        var paths = JSONPaths()
        let slot = paths.slot(for: path)
        var found: [JSONScanner.Value?] = [nil]
        do {
            try body.withUnsafeBytes { try JSONScanner.scan($0, paths: paths, into: &found) }
        } catch {
            throw .missing("scheme \(scheme.name) reads the body's \(path.joined(separator: ".")), and the body is no JSON text")
        }
        guard let value = found[slot], value.kind != .null, value.kind != .container else {
            throw .missing("scheme \(scheme.name) reads the body's \(path.joined(separator: ".")): put it there")
        }
        return value
    }

    static func text(_ time: WallTime, _ unit: TimestampSource.Unit) -> String {
        switch unit {
        case .s, .auto: return "\(time.seconds)"
        case .ms: return "\(time.microseconds >= 0 ? time.microseconds / 1_000 : (time.microseconds - 999) / 1_000)"
        case .rfc3339: return time.description
        case .httpDate: return String(decoding: time.httpDate, as: UTF8.self)
        }
    }

    private static func path(of url: String) -> String {
        guard let authority = url.firstRange(of: "://") else { return String(url.prefix { $0 != "?" }) }
        let rest = url[authority.upperBound...]
        return String(rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...].prefix { $0 != "?" })
    }

    private static func queryValue(_ name: String, in url: String) -> String? {
        guard let mark = url.firstIndex(of: "?") else { return nil }
        return url[url.index(after: mark)...].split(separator: "&").first { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }

    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return encoded
    }
}
