import GatehouseCrypto
import NIOCore
import NIOPosix
import Testing

@testable import GatehouseTLS

/// Handshakes with `openssl s_client` over the loopback.
@Suite struct HandshakeTests {
    private let files: TestFiles

    init() throws { files = try TestFiles() }

    private func context(_ configuration: TLSServerConfiguration, _ tickets: TicketKeys = TicketKeys()) throws -> TLSServerContext {
        try TLSServerContext(configuration, tickets: tickets)
    }

    private func simpleServer(minimum: TLSServerConfiguration.Version = .v12) async throws -> TestServer {
        var configuration = files.configuration([try files.server("a", names: ["localhost"])])
        configuration.minimumVersion = minimum
        return try await TestServer(context(configuration))
    }

    @Test("SEC-1: TLS 1.2 and 1.3 are spoken, with the suites of the moment", arguments: ["-tls1_2", "-tls1_3"])
    func versions(_ version: String) async throws {
        let server = try await simpleServer()
        let answer = try await SClient.connect(server.port, [version])
        let session = try #require(await server.connection().session)
        #expect(session.version == (version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
        #expect(session.cipher == (version == "-tls1_2" ? "ECDHE-ECDSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256"))
        #expect(answer.output.contains("hello"))
        #expect(answer.output.contains("Compression: NONE"))
        await server.stop()
    }

    @Test("SEC-1: TLS 1.1 is refused, and 1.2 where the minimum is 1.3")
    func oldVersions() async throws {
        let server = try await simpleServer()
        let old = try await SClient.connect(server.port, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        #expect(old.status != 0)
        #expect(await server.connection().failure == .handshake)
        await server.stop()
        let strict = try await simpleServer(minimum: .v13)
        #expect(try await SClient.connect(strict.port, ["-tls1_2"]).output.contains("protocol version"))
        #expect(await strict.connection().failure == .handshake)
        await strict.stop()
    }

    @Test(
        "SEC-2: CBC, static RSA and SHA-1 signatures are refused in TLS 1.2",
        arguments: [
            ["-cipher", "ECDHE-ECDSA-AES128-SHA256"], ["-cipher", "AES128-GCM-SHA256:AES128-SHA"],
            ["-cipher", "ALL:@SECLEVEL=0", "-sigalgs", "ECDSA+SHA1:RSA+SHA1"],
        ])
    func weakSuites(_ arguments: [String]) async throws {
        let server = try await simpleServer()
        #expect(try await SClient.connect(server.port, ["-tls1_2"] + arguments).status != 0)
        #expect(await server.connection().failure == .handshake)
        await server.stop()
    }

    @Test("SEC-2: renegotiation is refused, early data not offered")
    func renegotiation() async throws {
        let server = try await TestServer(context(files.configuration([files.server("a", names: ["localhost"])])), .answersAndCloses)
        let answer = try await SClient.connect(server.port, ["-tls1_2"], input: "R\n")
        #expect(answer.output.contains("RENEGOTIATING"))
        #expect(answer.output.contains("no renegotiation"))
        _ = await server.connection()
        let fresh = try await SClient.connect(server.port, ["-tls1_3"])
        #expect(fresh.output.contains("Max Early Data: 0"))
        await server.stop()
    }

    @Test(
        "SEC-5: ALPN without overlap ends the handshake with no_application_protocol, none at all is fine",
        arguments: [
            ("h2", false), ("h2,http/1.1", true), ("http/1.1", true), ("http/1.0,h2c", false), (nil, true),
        ] as [(String?, Bool)])
    func alpn(_ offered: String?, _ isTaken: Bool) async throws {
        let server = try await simpleServer()
        let answer = try await SClient.connect(server.port, offered.map { ["-alpn", $0] } ?? [])
        #expect((await server.connection().session != nil) == isTaken)
        #expect(answer.output.contains("no application protocol") == !isTaken)
        if offered != nil, isTaken { #expect(answer.output.contains("ALPN protocol: http/1.1")) }
        await server.stop()
    }

    @Test(
        "the name in the ClientHello chooses the identity, none and an unknown one get the first",
        arguments: [
            (["-servername", "a.test"], 0, "a.test"), (["-servername", "b.test"], 1, "b.test"), (["-servername", "B.TEST"], 1, "b.test"),
            (["-servername", "x.wild.test"], 1, "b.test"), (["-servername", "unknown.test"], 0, "a.test"), (["-noservername"], 0, "a.test"),
        ], ["-tls1_2", "-tls1_3"])
    func serverName(_ name: (arguments: [String], identity: Int, subject: String), _ version: String) async throws {
        let server = try await TestServer(
            context(files.configuration([files.server("a", names: ["a.test"]), files.server("b", names: ["b.test", "*.wild.test"])])))
        let answer = try await SClient.connect(server.port, name.arguments + [version])
        #expect(await server.connection().session?.identity == name.identity)
        #expect(answer.output.contains("subject=CN = \(name.subject)"))
        await server.stop()
    }

    @Test("a ClientHello that has to be repeated keeps its identity")
    func helloRetry() async throws {
        let server = try await TestServer(
            context(files.configuration([files.server("a", names: ["a.test"]), files.server("b", names: ["b.test"])])))
        _ = try await SClient.connect(server.port, ["-servername", "b.test", "-groups", "P-521:P-384", "-tls1_3"])
        #expect(await server.connection().session?.identity == 1)
        await server.stop()
    }

    @Test("a plain HTTP request is answered in plain")
    func plain() async throws {
        let server = try await simpleServer()
        let (answers, report) = AsyncStream<Seen>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Recorder { report.yield($0) }) }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        var text = ""
        for await event in answers {
            if case .data(let piece) = event { text += piece }
            if event == .inactive { break }
        }
        #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(await server.connection().failure == .plainHTTP)
        await server.stop()
    }

    @Test("a megabyte crosses both ways, and close_notify ends it")
    func volume() async throws {
        let server = try await TestServer(context(files.configuration([files.server("a", names: ["localhost"])])), .answersAtEndOfInput)
        let client = try TLSClientContext(caFile: files.path("server-ca.pem"))
        let (answers, report) = AsyncStream<Seen>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        TLSHandler(client: client, serverName: "localhost", shared: TLSLoopBuffers()), Recorder { report.yield($0) })
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
        let text = String(repeating: "0123456789abcdef", count: 65_536)
        try await channel.writeAndFlush(ByteBuffer(string: text))
        try await channel.close(mode: .output)
        var seen: [Seen] = []
        for await event in answers {
            seen.append(event)
            if event == .inputClosed || event == .inactive { break }
        }
        #expect(seen.data == text)
        #expect(seen.failure == nil)
        #expect(await server.connection().failure == nil)
        try? await channel.close()
        await server.stop()
    }
}
