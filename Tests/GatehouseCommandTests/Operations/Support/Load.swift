import Foundation

/// Events sent to a gateway by `Tools/sender.py`, until it is told to stop or has sent its number.
final class Load {
    private let process = Process()
    private let input = Pipe()
    private let output: URL
    private let progress: URL

    struct Report: Decodable {
        /// By status.
        var answers: [String: Int]
        /// Connections and requests without an answer, by what Python calls the error.
        var errors: [String: Int]
        /// Answers with `Connection: close`.
        var closed: Int
        /// Seconds that the slowest answer took.
        var longest: Double
        /// The first that were not a 200, for messages.
        var bad: [String]
    }

    static func tool(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Tools/\(name)").path
    }

    /// - Parameter proxy: a port of plain HTTP to send to instead.
    init(_ installation: Installation, _ arguments: [String], proxy: Int? = nil) throws {
        let place = installation.place
        output = place.appendingPathComponent("load-" + UUID().uuidString)
        progress = place.appendingPathComponent("progress-" + UUID().uuidString)
        for file in [output, progress] { try Data().write(to: file) }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let target = proxy.map { ["--port", "\($0)"] } ?? ["--port", "\(installation.port)", "--ca", installation["ca.pem"]]
        process.arguments =
            ["python3", Self.tool("sender.py"), "--secret-file", installation["secret"], "--progress", progress.path] + target + arguments
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var answers: Int { (try? Data(contentsOf: progress).count) ?? 0 }

    /// Waits until so many more have been answered than now.
    func proceeds(_ count: Int) async throws -> Bool {
        let goal = answers + count
        return try await becomesTrue { answers >= goal || !process.isRunning } && answers >= goal
    }

    /// Ends a load that goes on until it is told.
    func stop() async throws -> Report {
        try input.fileHandleForWriting.close()
        return try await report()
    }

    func report() async throws -> Report {
        guard try await becomesTrue({ !process.isRunning }) else { throw Installation.Failure(what: "the load does not end") }
        return try JSONDecoder().decode(Report.self, from: Data(contentsOf: output))
    }
}
