import GatehousePolicy
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import Gatehouse

@Suite("the admin listener")
struct AdminTests {
    struct Source: AdminSource {
        var readiness: AdminReadiness = .ready
        func metrics() async throws -> String { "gatehouse_ready 1\n" }
    }

    private func respond(
        _ path: String, method: String = "GET", hosts: [String] = ["127.0.0.1:9180"], origins: [String] = [], authorized: Bool = true,
        readiness: AdminReadiness = .ready
    ) async -> AdminResponse {
        await AdminRouter(hosts: AdminHosts(["gate.internal"]), source: Source(readiness: readiness)).respond(
            to: AdminRequest(method: method, path: path, hosts: hosts, origins: origins, isAuthorized: authorized))
    }

    @Test(
        "health and metrics are answered, and nothing else",
        arguments: [
            "/health/live": 200, "/health/ready": 200, "/metrics": 200, "/": 404, "/health": 404, "/metrics/": 404, "//metrics": 404,
            "*": 404,
        ])
    func routes(path: String, status: Int) async {
        #expect(await respond(path).status == status)
    }

    @Test("not ready is 503 with the reason, and live all the same")
    func notReady() async {
        let response = await respond("/health/ready", readiness: .notReady("draining"))
        #expect(response.status == 503)
        #expect(response.body == Array("draining\n".utf8))
        #expect(await respond("/health/live", readiness: .notReady("draining")).status == 200)
    }

    @Test("other methods are refused and the right ones named", arguments: ["POST", "DELETE", "OPTIONS", "get"])
    func methods(method: String) async {
        let response = await respond("/metrics", method: method)
        #expect(response.status == 405)
        #expect(response.fields.contains { $0 == ("Allow", "GET, HEAD") })
    }

    @Test(
        "SEC-89: only names of the list are answered",
        arguments: [
            "localhost": 200, "LOCALHOST:1": 200, "[::1]:9180": 200, "[::1]": 200, "gate.internal:80": 200, "evil.example": 421,
            "localhost.evil.example": 421,
            "127.0.0.1:9180:1": 421, "": 421, "localhost:x": 421, "[::1": 421, "localhost@evil.example": 421,
        ])
    func hosts(host: String, status: Int) async {
        #expect(await respond("/metrics", hosts: [host]).status == status)
    }

    @Test("SEC-89: no Host, and two, are refused", arguments: [[], ["localhost", "localhost"]])
    func hostCount(hosts: [String]) async {
        #expect(await respond("/metrics", hosts: hosts).status == 400)
    }

    @Test(
        "SEC-89: a page of another origin is refused",
        arguments: [
            "http://localhost:9180": 200, "https://gate.internal": 200, "https://evil.example": 403, "null": 403, "file://": 403,
        ])
    func origins(origin: String, status: Int) async {
        #expect(await respond("/metrics", origins: [origin]).status == status)
    }

    @Test("SEC-88: beyond loopback, metrics need a proved peer and health does not")
    func authorization() async {
        #expect(await respond("/metrics", authorized: false).status == 403)
        #expect(await respond("/health/ready", authorized: false).status == 200)
    }

    @Test("SEC-88: an address beyond loopback is refused without TLS", arguments: ["0.0.0.0", "::", "192.0.2.1"])
    func address(host: String) async {
        await #expect {
            let configuration = AdminServer.Configuration(address: SocketAddressText(host: host, port: 0))
            _ = try await AdminServer.start(configuration, source: Source(), group: MultiThreadedEventLoopGroup.singleton)
        } throws: {
            "\($0)".contains("not of the loopback interface")
        }
    }

    /// Runs `body` with the port of a live admin listener.
    private func live(_ limits: AdminLimits = AdminLimits(), _ body: (Int) async throws -> Void) async throws {
        var configuration = AdminServer.Configuration(address: SocketAddressText(host: "127.0.0.1", port: 0))
        configuration.limits = limits
        let server = try await AdminServer.start(configuration, source: Source(), group: MultiThreadedEventLoopGroup.singleton)
        try await body(server.address.port ?? 0)
        await server.close()
    }

    /// Sends bytes and reads until the listener closes the connection.
    private func exchange(_ text: String, port: Int) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive {
            let socket = Descriptor(Self.connect(port))
            send(socket.number, text, text.utf8.count, CInt(MSG_NOSIGNAL))
            var answer: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while case let count = read(socket.number, &chunk, chunk.count), count > 0 { answer.append(contentsOf: chunk[..<count]) }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    private static func connect(_ port: Int) -> CInt {
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        return socket
    }

    @Test("two requests on one connection are answered in order, with headers that let nobody keep or reinterpret them")
    func keepAlive() async throws {
        try await live { port in
            let answer = try await exchange(
                "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                port: port)
            let parts = answer.split(separator: "HTTP/1.1 200 OK\r\n")
            #expect(parts.count == 2)
            #expect(parts.first?.hasSuffix("\r\n\r\ngatehouse_ready 1\n") == true)
            #expect(parts.first?.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") == true)
            #expect(parts.first?.contains("X-Content-Type-Options: nosniff\r\n") == true)
            #expect(parts.last?.contains("Content-Length: 5\r\n") == true)
            #expect(parts.last?.hasSuffix("\r\n\r\n") == true)
        }
    }

    @Test(
        "malformed and oversized requests end the connection",
        arguments: [
            "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + String(repeating: "x", count: 200_000),
        ])
    func malformed(request: String) async throws {
        try await live { port in
            let answer = try await exchange(request, port: port)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"))
        }
    }

    @Test("a request that does not come in time ends the connection")
    func slow() async throws {
        var limits = AdminLimits()
        limits.requestTime = .milliseconds(100)
        try await live(limits) { port in
            let answer = try await exchange("GET / HTTP/1.1\r\nHost: loc", port: port)
            #expect(answer.isEmpty)
        }
    }

    @Test("SEC-91: connections are bounded, and a place that is free again is given away")
    func connections() async throws {
        var limits = AdminLimits()
        limits.connections = 2
        try await live(limits) { port in
            let request = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            do {
                let first = Descriptor(Self.connect(port))
                let second = Descriptor(Self.connect(port))
                #expect(first.isOpen && second.isOpen)
                // The listener takes connections in their order, so by now it has taken two.
                let answer = try await exchange(request, port: port)
                #expect(answer.isEmpty)
            }
            var answer = ""
            while !answer.hasPrefix("HTTP/1.1 200") { answer = try await exchange(request, port: port) }
        }
    }
}
