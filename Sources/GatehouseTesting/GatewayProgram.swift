import Foundation

/// The built program as a process of its own, for what must not happen inside a test's.
public final class GatewayProgram: Sendable {
    private let process: SpawnedProcess
    private let transcript: String

    /// `GATEHOUSE_PROGRAM`, else what lies beside the test bundle.
    public static var path: String {
        if let path = ProcessInfo.processInfo.environment["GATEHOUSE_PROGRAM"] { return path }
        let own = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        return own.deletingLastPathComponent().appendingPathComponent("gatehouse").path
    }

    public struct NotReady: Error {
        public var transcript: String
    }

    public let site: TestSite
    public let port: Int

    private init(_ site: TestSite, _ process: SpawnedProcess, _ transcript: String, port: Int) {
        self.site = site
        self.process = process
        self.transcript = transcript
        self.port = port
    }

    /// Runs `serve`; returns when it accepts connections. The policy must log from `info` on, and in text.
    public static func start(_ site: TestSite) async throws -> GatewayProgram {
        let transcript = try site.folder.write("transcript-\(UUID().uuidString)", "")
        let process = try SpawnedProcess(path, ["serve", "--policies", site.policies], output: .null, errors: .file(transcript))
        var port = 0
        let isReady = await eventually {
            port = Self.port(in: Self.text(transcript))
            return port > 0 || !process.isRunning
        }
        guard isReady, port > 0 else {
            process.terminate()
            throw NotReady(transcript: text(transcript))
        }
        return GatewayProgram(site, process, transcript, port: port)
    }

    private static func text(_ file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    }

    /// Of the line that says that it is ready.
    private static func port(in text: String) -> Int {
        guard let line = text.split(separator: "\n").last(where: { $0.contains(" ready") && $0.contains("listeners") }),
            let address = line.firstRange(of: "127.0.0.1:")
        else { return 0 }
        return Int(line[address.upperBound...].prefix { $0.isNumber }) ?? 0
    }

    /// What it wrote to standard error so far.
    public var messages: String { Self.text(transcript) }

    public func connect() async throws -> RawConnection { try await RawConnection.open(site, port: port) }

    public func send(_ request: RawRequest) async throws -> RawAnswer {
        let connection = try await connect()
        connection.post(request.bytes)
        let answer = try await connection.answer()
        await connection.close()
        return answer
    }

    public func signal(_ number: Int32) { process.kill(number) }

    /// The exit status once it has ended, negative for a signal; nil where it does not end.
    public func exit(within limit: Duration = .seconds(30)) async -> Int32? {
        await eventually(within: limit) { !process.isRunning } ? process.exitSoFar?.status : nil
    }
}
