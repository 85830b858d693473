import GatehouseCrypto
import GatehousePolicy
public import GatehouseTime
import GatehouseVerify

/// A request as it goes onto the wire; everything in it may be wrong.
public struct RawRequest: Sendable {
    public var method = "POST"
    public var target: String
    public var version = "HTTP/1.1"
    /// `Host` first; nil leaves it out.
    public var host: String? = "localhost"
    public var fields: [(name: String, value: String)]
    public var body: [UInt8]
    /// Sends the body in chunks of these sizes, the rest in a last one, instead of with a length.
    public var chunks: [Int]?
    /// Lines behind the last chunk.
    public var trailers = ""

    public init(_ target: String, fields: [(name: String, value: String)] = [], body: String = "") {
        self.target = target
        self.fields = fields
        self.body = Array(body.utf8)
    }

    public func with(_ name: String, _ value: String) -> RawRequest {
        var copy = self
        copy.fields.append((name, value))
        return copy
    }

    public func without(_ name: String) -> RawRequest {
        var copy = self
        copy.fields.removeAll { $0.name.lowercased() == name.lowercased() }
        return copy
    }

    public func replacing(_ name: String, _ value: String) -> RawRequest { without(name).with(name, value) }

    public func changed(_ change: (inout RawRequest) -> Void) -> RawRequest {
        var copy = self
        change(&copy)
        return copy
    }

    public subscript(_ name: String) -> String { fields.first { $0.name.lowercased() == name.lowercased() }?.value ?? "" }

    public var head: [UInt8] {
        var text = "\(method) \(target) \(version)\r\n"
        if let host { text += "Host: \(host)\r\n" }
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        if chunks != nil {
            text += "Transfer-Encoding: chunked\r\n"
        } else if !fields.contains(where: { ["content-length", "transfer-encoding"].contains($0.name.lowercased()) }) {
            text += "Content-Length: \(body.count)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    public var bytes: [UInt8] {
        guard let chunks else { return head + body }
        var bytes = head
        var rest = body[...]
        for size in chunks + [Int.max] where !rest.isEmpty {
            let chunk = rest.prefix(size)
            rest = rest.dropFirst(chunk.count)
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
        }
        return bytes + Array("0\r\n\(trailers)\r\n".utf8)
    }
}

/// Signs requests as a scheme's sender.
public struct TestSender: Sendable {
    private let signer: Signer
    private let path: String
    /// What is signed by schemes that sign the URL.
    private let base: String

    /// - Parameter scheme: a shipped scheme's name.
    public init(_ scheme: String, secret: String, path: String, base: String = "https://localhost:8443") throws {
        signer = try Signer(scheme: Scheme.parse(Scheme.shipped[scheme] ?? "", name: scheme, file: scheme), secret: Secret(utf8: secret))
        self.path = path
        self.base = base
    }

    /// A signed request; an id header of the scheme is random unless `fields` has it.
    public func request(_ body: String, at time: WallTime = SystemClock().now, fields: [(name: String, value: String)] = []) throws
        -> RawRequest
    {
        let signed = try signer.sign(SignedRequest(url: base + path, fields: fields, body: Array(body.utf8)), at: time)
        var request = RawRequest(String(signed.url.dropFirst(base.count)), fields: signed.fields)
        request.body = signed.body
        return request
    }

    /// Standard Webhooks with an id of the caller's.
    public func request(id: String, _ body: String, at time: WallTime = SystemClock().now) throws -> RawRequest {
        try request(body, at: time, fields: [("webhook-id", id), ("Content-Type", "application/json")])
    }
}
