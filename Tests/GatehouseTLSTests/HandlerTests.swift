import NIOCore
import NIOEmbedded
import Testing

@testable import GatehouseTLS

@Suite struct HandlerTests {
    private let files: TestFiles
    private let server: TLSServerContext
    private let client: TLSClientContext

    init() throws {
        files = try TestFiles()
        server = try TLSServerContext(files.configuration([files.server("a", names: ["localhost", "127.0.0.1"])]), tickets: TicketKeys())
        client = try TLSClientContext(caFile: files.path("server-ca.pem"))
    }

    @Test("data crosses both ways, in pieces of any size", arguments: [1, 7, 1000, Int.max])
    func roundTrip(_ piece: Int) throws {
        let connection = try InMemoryConnection(server, client, behaviour: .answers)
        defer { connection.finish() }
        connection.carry(piece: piece)
        #expect(connection.serverSeen.session?.version == "TLSv1.3")
        #expect(connection.serverSeen.session?.serverName == "localhost")
        #expect(connection.clientSeen.session?.resumed == false)
        let text = String(repeating: "an event, ", count: piece < 100 ? 400 : 20_000)
        connection.send(connection.client, text)
        connection.carry(piece: piece)
        #expect(connection.serverSeen.data == text)
        #expect(connection.clientSeen.data == text)
    }

    @Test("data written before the handshake is over is sent after it, writes between flushes as one record")
    func earlyWrites() throws {
        let connection = try InMemoryConnection(server, client)
        defer { connection.finish() }
        let written = connection.client.eventLoop.makePromise(of: Void.self)
        let alsoWritten = connection.client.eventLoop.makePromise(of: Void.self)
        connection.client.write(ByteBuffer(string: "one "), promise: written)
        connection.client.write(ByteBuffer(string: "two "), promise: alsoWritten)
        connection.client.write(ByteBuffer(string: "three"), promise: nil)
        connection.client.flush()
        connection.carry()
        #expect(connection.serverSeen.last == .data("one two three"))
        try written.futureResult.wait()
        try alsoWritten.futureResult.wait()
    }

    @Test("what was not flushed is not sent, and fails when the connection closes")
    func unflushed() throws {
        let connection = try InMemoryConnection(server, client)
        connection.carry()
        let written = connection.client.eventLoop.makePromise(of: Void.self)
        connection.client.write(ByteBuffer(string: "unflushed"), promise: written)
        connection.carry()
        #expect(connection.serverSeen.data == "")
        connection.client.close(promise: nil)
        connection.carry()
        #expect(throws: ChannelError.self) { try written.futureResult.wait() }
        connection.finish()
    }

    @Test("an empty write keeps its promise")
    func emptyWrite() throws {
        let connection = try InMemoryConnection(server, client)
        defer { connection.finish() }
        connection.carry()
        let written = connection.client.eventLoop.makePromise(of: Void.self)
        connection.client.writeAndFlush(ByteBuffer(), promise: written)
        try written.futureResult.wait()
    }

    @Test("SEC-7: close sends close_notify, which the peer sees as the end of input and no error")
    func cleanClose() throws {
        let connection = try InMemoryConnection(server, client)
        connection.carry()
        connection.send(connection.client, "last words")
        connection.client.close(promise: nil)
        connection.carry()
        connection.server.pipeline.fireChannelInactive()
        #expect(Array(connection.serverSeen.dropFirst()) == [.data("last words"), .inputClosed, .inactive])
        connection.finish()
    }

    @Test("SEC-7: an end without close_notify is truncated")
    func truncation() throws {
        let connection = try InMemoryConnection(server, client)
        connection.carry()
        connection.send(connection.client, "half a")
        connection.carry()
        connection.server.pipeline.fireChannelInactive()
        #expect(Array(connection.serverSeen.dropFirst()) == [.data("half a"), .failed(.truncated), .inactive])
        connection.finish()
    }

    @Test("SEC-7: a TCP half-close without close_notify is truncated, after close_notify it is nothing new")
    func halfClose() throws {
        let truncated = try InMemoryConnection(server, client)
        truncated.carry()
        truncated.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(Array(truncated.serverSeen.dropFirst()) == [.failed(.truncated), .inputClosed])
        truncated.finish()

        let clean = try InMemoryConnection(server, client)
        clean.carry()
        clean.send(clean.client, "question")
        clean.client.close(promise: nil)
        clean.carry()
        clean.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(Array(clean.serverSeen.dropFirst()) == [.data("question"), .inputClosed])
        clean.finish()
    }

    @Test("a peer that leaves during the handshake is an error, one that never spoke is not")
    func abandoned() throws {
        let connection = try InMemoryConnection(server, client)
        var hello = try #require(try connection.client.readOutbound(as: ByteBuffer.self))
        let part = hello.readSlice(length: 50)
        connection.server.pipeline.fireChannelRead(try #require(part))
        connection.server.pipeline.fireChannelInactive()
        #expect(connection.serverSeen == [.failed(.abandoned), .inactive])
        connection.finish()

        let silent = try InMemoryConnection(server, client)
        silent.server.pipeline.fireChannelInactive()
        #expect(silent.serverSeen == [.inactive])
        silent.finish()
    }

    @Test("a plain HTTP request to the TLS port is told so")
    func plainHTTP() throws {
        let connection = try InMemoryConnection(server, client)
        connection.server.pipeline.fireChannelRead(ByteBuffer(string: "POST /hooks/acme HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        let answer = try #require(try connection.server.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: answer).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(connection.serverSeen.first == .failed(.plainHTTP))
        #expect(!connection.server.isActive)
        connection.finish()
    }

    @Test("SEC-25: bytes that are no TLS end the connection, with an alert")
    func garbage() throws {
        for bytes in [
            [0x00], [0x16, 0x03, 0x01, 0x00, 0x02, 0x01, 0x00], [0x80, 0x2e, 0x01, 0x00, 0x02], [UInt8](repeating: 0xff, count: 64),
        ] as [[UInt8]] {
            let connection = try InMemoryConnection(server, client)
            connection.server.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
            connection.server.pipeline.fireChannelRead(ByteBuffer(repeating: 0, count: 100))
            #expect(connection.serverSeen.failure == .handshake)
            #expect(!connection.server.isActive)
            connection.finish()
        }
    }

    @Test("SEC-25: a ClientHello with any byte changed or cut off anywhere ends in a failure or a handshake, never in a trap")
    func mutatedHello() throws {
        let original = try InMemoryConnection(server, client)
        let hello = Array(buffer: try #require(try original.client.readOutbound(as: ByteBuffer.self)))
        original.finish()
        for index in hello.indices {
            for value in [0, 0xff, hello[index] ^ 1, hello[index] &+ 1] {
                var changed = hello
                changed[index] = value
                let connection = try InMemoryConnection(server, client)
                connection.server.pipeline.fireChannelRead(ByteBuffer(bytes: changed))
                connection.server.pipeline.fireChannelInactive()
                #expect(connection.serverSeen.last == .inactive)
                connection.finish()
            }
        }
    }

    @Test("a changed record after the handshake breaks the connection and delivers nothing")
    func changedRecord() throws {
        let connection = try InMemoryConnection(server, client)
        connection.carry()
        connection.send(connection.client, "true")
        var record = Array(buffer: try #require(try connection.client.readOutbound(as: ByteBuffer.self)))
        record[record.count - 1] ^= 1
        connection.server.pipeline.fireChannelRead(ByteBuffer(bytes: record))
        #expect(connection.serverSeen.data == "")
        #expect(connection.serverSeen.failure == .protocolViolation)
        #expect(!connection.server.isActive)
        connection.carry()
        #expect(connection.clientSeen.failure == .protocolViolation)
        connection.finish()
    }

    @Test(
        "a handler above may close, or take TLS out of the pipeline, in the middle of a read",
        arguments: [Interrupter.Action.close, .remove])
    func interruption(_ action: Interrupter.Action) throws {
        let connection = try InMemoryConnection(server, client, above: [Interrupter(action)])
        connection.carry()
        connection.send(connection.client, "one")
        connection.send(connection.client, "two")
        var both = try #require(try connection.client.readOutbound(as: ByteBuffer.self))
        var second = try #require(try connection.client.readOutbound(as: ByteBuffer.self))
        both.writeBuffer(&second)
        connection.server.pipeline.fireChannelRead(both)
        connection.server.pipeline.fireChannelReadComplete()
        connection.finish()
    }

    @Test("reads that arrive within a read are taken in order")
    func nestedRead() throws {
        let connection = try InMemoryConnection(server, client, above: [])
        connection.carry()
        connection.send(connection.client, "one ")
        connection.send(connection.client, "two")
        let first = try #require(try connection.client.readOutbound(as: ByteBuffer.self))
        let second = try #require(try connection.client.readOutbound(as: ByteBuffer.self))
        let nested = NestedRead(second)
        let tls = try connection.server.pipeline.syncOperations.handler(type: TLSHandler.self)
        try connection.server.pipeline.syncOperations.addHandler(nested, position: .after(tls))
        connection.server.pipeline.fireChannelRead(first)
        #expect(connection.serverSeen.data == "one two")
        connection.finish()
    }

    @Test("what a handler above keeps of a read stays as it was")
    func keptBuffer() throws {
        let keeper = Keeper()
        let connection = try InMemoryConnection(server, client, above: [keeper])
        connection.carry()
        for text in ["first", "second", "third"] {
            connection.send(connection.client, text)
            connection.carry()
        }
        #expect(keeper.kept.map { String(buffer: $0) } == ["first", "second", "third"])
        connection.finish()
    }

    @Test(
        "the client refuses a certificate for another name or from another authority",
        arguments: ["example.com", "127.0.0.2", "localhost.evil"])
    func clientVerification(_ name: String) throws {
        let connection = try InMemoryConnection(server, client, name: name)
        connection.carry()
        #expect(connection.clientSeen.failure == .certificate)
        #expect(connection.clientSeen.session == nil)
        #expect(!connection.client.isActive)
        connection.finish()

        let stranger = try InMemoryConnection(server, TLSClientContext(caFile: files.path("client-ca.pem")))
        stranger.carry()
        #expect(stranger.clientSeen.failure == .certificate)
        #expect(stranger.serverSeen.failure == .handshake)
        stranger.finish()
    }

    @Test("the client takes a certificate for an address")
    func addressVerification() throws {
        let connection = try InMemoryConnection(server, client, name: "127.0.0.1")
        connection.carry()
        #expect(connection.clientSeen.session != nil)
        #expect(connection.serverSeen.session?.serverName == nil)
        connection.finish()
    }
}

/// Closes the channel or removes the TLS handler when data comes.
final class Interrupter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    enum Action: Sendable { case close, remove }
    private let action: Action

    init(_ action: Action) { self.action = action }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch action {
        case .close:
            context.writeAndFlush(NIOAny(ByteBuffer(string: "bye")), promise: nil)
            context.close(promise: nil)
        case .remove:
            if let tls = try? context.pipeline.syncOperations.context(handlerType: TLSHandler.self) {
                context.pipeline.syncOperations.removeHandler(context: tls, promise: nil)
            }
        }
        context.fireChannelRead(data)
    }
}

/// Feeds another read into the pipeline from within the first.
final class NestedRead: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var next: ByteBuffer?

    init(_ next: ByteBuffer) { self.next = next }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
        guard let next else { return }
        self.next = nil
        context.pipeline.fireChannelRead(next)
    }
}

/// Keeps every buffer it is handed.
final class Keeper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private(set) var kept: [ByteBuffer] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        kept.append(unwrapInboundIn(data))
        context.fireChannelRead(data)
    }
}
