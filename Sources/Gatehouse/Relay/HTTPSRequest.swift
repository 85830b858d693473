import GatehouseTLS
import NIOCore
import NIOPosix

/// One request of a command to a front door, over our own TLS: what `gatehouse send` does.
public enum HTTPSRequest {
    public struct Response: Sendable {
        public var status: Int
        /// In the order received.
        public var fields: [(name: String, value: String)]
        public var body: [UInt8]
    }

    /// Sends one request and returns the whole answer.
    ///
    /// - Parameters:
    ///   - url: `https://host[:port]/path[?query]`; the certificate must be valid for the host.
    ///   - fields: sent as they are, after `Host` and before `Content-Length`.
    ///   - caFile: PEM file of the authorities to trust; nil: the system's.
    /// - Throws: ``GatewayError`` that says what to do, where no answer could be had within 30 seconds.
    public static func send(
        url: String, method: String, fields: [(name: String, value: String)], body: [UInt8], caFile: String?
    ) async throws -> Response {
        let address = try URLParts(url)
        let request = request(address, method: method, fields: fields, body: body)
        let target = RelayTarget(tls: true, host: address.host, port: address.port, ca: caFile)
        let tls = try TLSClientContext(caFile: caFile)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = eventLoop.makePromise(of: Response.self)
        eventLoop.execute {
            let pool = RelayPool(
                target: target, eventLoop: eventLoop, tls: tls, buffers: TLSLoopBuffers(), connectTimeout: .seconds(10), keepsFields: true)
            let ticket = pool.send(request) { result in
                pool.close()
                switch result {
                case .success(let response):
                    answer.succeed(
                        Response(
                            status: response.status, fields: response.fields, body: response.body.map { Array($0.readableBytesView) } ?? [])
                    )
                case .failure(let failure):
                    let advice =
                        if pool.isUnknownAuthority {
                            caFile.map { "; \($0) does not hold its authority" } ?? "; name the authority to trust with --ca FILE"
                        } else { "" }
                    answer.fail(
                        GatewayError(
                            .control, "no answer from \(address.host):\(address.port): \(pool.lastError ?? "\(failure)")\(advice)"))
                }
            }
            let bound = NIOLoopBound(ticket, eventLoop: eventLoop)
            eventLoop.scheduleTask(in: .seconds(30)) {
                bound.value.cancel()
                answer.fail(GatewayError(.control, "no answer from \(address.host):\(address.port) within 30 seconds"))
            }
        }
        return try await answer.futureResult.get()
    }

    /// The bytes that ``send(url:method:fields:body:caFile:)`` would put on the wire.
    public static func raw(url: String, method: String, fields: [(name: String, value: String)], body: [UInt8]) throws -> [UInt8] {
        Array(request(try URLParts(url), method: method, fields: fields, body: body).readableBytesView)
    }

    private static func request(_ address: URLParts, method: String, fields: [(name: String, value: String)], body: [UInt8]) -> ByteBuffer {
        var writer = HeadWriter(ByteBuffer())
        Array(method.utf8).withUnsafeBytes { writer.requestLine(method: $0, target: address.target) }
        writer.field("Host", RelayTarget(tls: true, host: address.host, port: address.port, ca: nil).authority)
        for field in fields { writer.field(named: field.name, field.value) }
        writer.field("Content-Length", body.count)
        writer.line("Connection: close")
        writer.end()
        var buffer = writer.finish()
        buffer.writeBytes(body)
        return buffer
    }
}

/// The parts of an `https` URL that a request needs.
struct URLParts {
    var host: String
    var port: Int
    /// Path and query, beginning with a slash.
    var target: String

    init(_ url: String) throws(GatewayError) {
        guard url.lowercased().hasPrefix("https://") else {
            throw GatewayError(.control, "\(url): the front door speaks https; write https://host[:port]/path")
        }
        let rest = url.dropFirst(8)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        var target = String(rest.dropFirst(authority.count))
        if let hash = target.firstIndex(of: "#") { target = String(target[..<hash]) }
        if !target.hasPrefix("/") { target = "/" + target }
        let isTargetValid = target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        var host = String(authority)
        var port = 443
        let closing = authority.lastIndex(of: "]")
        if let colon = authority.lastIndex(of: ":"), closing.map({ $0 < colon }) ?? true {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                throw GatewayError(.control, "\(url): the port is no number from 1 to 65535")
            }
            host = String(authority[..<colon])
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty, isTargetValid, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x40 }) else {
            throw GatewayError(.control, "\(url): not a URL of the form https://host[:port]/path")
        }
        self.host = host
        self.port = port
        self.target = target
    }
}
