import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Gatehouse

@Suite("the control socket")
struct ControlTests {
    private let folder: ScratchFolder
    private let group = MultiThreadedEventLoopGroup.singleton
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { folder = try ScratchFolder() }

    /// Runs `body` while a gateway serves `directory`.
    private func serving(
        _ directory: String? = nil, handler: @escaping ControlServer.Handler, _ body: @Sendable @escaping (String) async throws -> Void
    ) async throws {
        let directory = directory ?? folder.path
        let server = try await ControlServer.start(state: directory, group: group, logger: logger, handler: handler)
        try await body(directory)
        await server.close()
    }

    private func send(_ request: ControlRequest, to directory: String, timeout: Duration = .seconds(10)) async throws -> ControlResponse {
        try await NIOThreadPool.singleton.runIfActive { try ControlClient(state: directory, timeout: timeout).send(request) }
    }

    /// Sends raw bytes and reads until the gateway closes or a line has come.
    private func exchange(_ bytes: [UInt8], with directory: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive {
            let socket = try ControlSocket.connect(in: directory, timeout: .seconds(10))
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                guard count > 0 else { break }
                sent += count
            }
            var answer: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while answer.last != 0x0a, case let count = read(socket.number, &chunk, chunk.count), count > 0 {
                answer.append(contentsOf: chunk[..<count])
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    @Test("a command and its arguments arrive, with who asked, and the result comes back")
    func roundTrip() async throws {
        struct Arguments: Codable, Sendable {
            var credential: String
            var overlap: Int
            var note: String?
        }
        try await serving { request, peer in
            guard let arguments = try? request.arguments.decode(Arguments.self) else { return .failure("arguments", exit: 64) }
            return .success(
                .object([
                    "command": .string(request.command), "credential": .string(arguments.credential),
                    "overlap": .integer(Int64(arguments.overlap)),
                    "process": .integer(Int64(peer.process)), "user": .integer(Int64(peer.user)),
                    "list": .array([.null, .bool(true), .number(1.5)]),
                ]))
        } _: { directory in
            let request = try ControlRequest("rotate", encoding: Arguments(credential: "acme/signing", overlap: 86_400))
            let response = try await send(request, to: directory)
            #expect(response.ok)
            #expect(
                response.result
                    == .object([
                        "command": .string("rotate"), "credential": .string("acme/signing"), "overlap": .integer(86_400),
                        "process": .integer(Int64(getpid())), "user": .integer(Int64(geteuid())),
                        "list": .array([.null, .bool(true), .number(1.5)]),
                    ]))
        }
    }

    @Test("a refusal carries its message and exit status")
    func failure() async throws {
        try await serving { _, _ in
            .failure("a live version exists")
        } _: { directory in
            let response = try await send(ControlRequest("add"), to: directory)
            #expect(!response.ok && response.exit == 1 && response.error == "a live version exists")
        }
    }

    @Test("several requests on one connection are answered in order, and 1 MB goes through")
    func several() async throws {
        try await serving { request, _ in
            .success(request.arguments)
        } _: { directory in
            let text = String(repeating: "x", count: 1_000_000)
            let response = try await send(ControlRequest("echo", .string(text)), to: directory)
            #expect(response.result == .string(text))
            for index in 0..<20 as Range<Int64> {
                let response = try await send(ControlRequest("echo", .integer(index)), to: directory)
                #expect(response.result == .integer(index))
            }
        }
    }

    @Test("what is no request of this protocol is refused", arguments: ["nonsense\n", "{}\n", "[1]\n", "\u{0}\n", "{\"version\":1}\n"])
    func malformed(line: String) async throws {
        try await serving { _, _ in
            .success()
        } _: { directory in
            let answer = try await exchange(Array(line.utf8), with: directory)
            #expect(answer.contains(#""ok":false"#))
        }
    }

    @Test("another version of the protocol is refused with what to do")
    func version() async throws {
        try await serving { _, _ in
            .success()
        } _: { directory in
            let answer = try await exchange(Array(#"{"version":2,"command":"status","arguments":{}}"#.utf8) + [0x0a], with: directory)
            #expect(answer.contains("use the command of the release that is running"))
        }
    }

    @Test("a request without an end is cut off at its bound")
    func tooLong() async throws {
        try await serving { _, _ in
            .success()
        } _: { directory in
            let answer = try await exchange([UInt8](repeating: 0x20, count: 2 * ControlProtocol.longestRequest), with: directory)
            #expect(answer.isEmpty || answer.contains("longer than"))
        }
    }

    @Test("the socket is the user's alone, whatever the umask")
    func mode() async throws {
        try await serving { _, _ in
            .success()
        } _: { directory in
            var status = stat()
            #expect(lstat("\(directory)/gatehouse.sock", &status) == 0)
            #expect(status.st_mode & S_IFMT == S_IFSOCK)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test("only the gateway's own user and root may control it")
    func peers() {
        #expect(ControlPeer(process: 1, user: 1_000).mayControl(1_000))
        #expect(ControlPeer(process: 1, user: 0).mayControl(1_000))
        #expect(!ControlPeer(process: 1, user: 1_001).mayControl(1_000))
    }

    @Test("a socket left behind is replaced; one that answers is not, nor is another file")
    func stale() async throws {
        let first = try await ControlServer.start(state: folder.path, group: group, logger: logger) { _, _ in .success() }
        await #expect {
            _ = try await ControlServer.start(state: folder.path, group: group, logger: logger) { _, _ in .success() }
        } throws: {
            ($0 as? ControlError)?.code == .running
        }
        await first.close()
        #expect(access(folder.file("gatehouse.sock"), F_OK) == 0)
        try await serving { _, _ in
            .success()
        } _: { directory in
            let response = try await send(ControlRequest("status"), to: directory)
            #expect(response.ok)
        }
        unlink(folder.file("gatehouse.sock"))
        try folder.write("gatehouse.sock", "precious")
        await #expect {
            _ = try await ControlServer.start(state: folder.path, group: group, logger: logger) { _, _ in .success() }
        } throws: {
            ($0 as? ControlError)?.code == .unusable
        }
        #expect(folder.read("gatehouse.sock") == "precious")
    }

    @Test("without a gateway the command is told so", arguments: ["", "/missing"])
    func notRunning(suffix: String) async throws {
        await #expect {
            _ = try await send(ControlRequest("status"), to: folder.path + suffix)
        } throws: {
            ($0 as? ControlError)?.code == .notRunning
        }
    }

    @Test("a state directory may have a long path")
    func longPath() async throws {
        let directory = folder.file(String(repeating: "d", count: 150))
        mkdir(directory, 0o700)
        await #expect {
            _ = try await send(ControlRequest("status"), to: directory)
        } throws: {
            ($0 as? ControlError)?.code == .notRunning
        }
        try await serving(directory) { _, _ in
            .success(.string("far"))
        } _: { directory in
            let response = try await send(ControlRequest("status"), to: directory)
            #expect(response.result == .string("far"))
        }
    }

    @Test("a gateway that does not answer in time is a timeout")
    func timeout() async throws {
        try await serving { _, _ in
            try? await Task.sleep(for: .seconds(1))
            return .success()
        } _: { directory in
            await #expect {
                _ = try await send(ControlRequest("slow"), to: directory, timeout: .milliseconds(100))
            } throws: {
                ($0 as? ControlError)?.code == .timedOut
            }
        }
    }
}
