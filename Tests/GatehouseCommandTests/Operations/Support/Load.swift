import Foundation
import GatehouseTesting

/// Events sent to a gateway by `Tools/sender.py`, until it is told to stop or has sent its number.
final class Load {
    private let process: SpawnedProcess
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
        let target = proxy.map { ["--port", "\($0)"] } ?? ["--port", "\(installation.port)", "--ca", installation["ca.pem"]]
        let sender = ["python3", Self.tool("sender.py"), "--secret-file", installation["secret"], "--progress", progress.path]
        process = try SpawnedProcess("/usr/bin/env", sender + target + arguments, input: .open(""), output: .file(output.path))
    }

    var answers: Int { (try? Data(contentsOf: progress).count) ?? 0 }

    /// Waits until so many more have been answered than now.
    func proceeds(_ count: Int) async throws -> Bool {
        let goal = answers + count
        return try await becomesTrue { answers >= goal || !process.isRunning } && answers >= goal
    }

    /// Ends a load that goes on until it is told.
    func stop() async throws -> Report {
        process.endInput()
        return try await report()
    }

    func report() async throws -> Report {
        guard try await becomesTrue({ !process.isRunning }) else { throw Installation.Failure(what: "the load does not end") }
        return try JSONDecoder().decode(Report.self, from: Data(contentsOf: output))
    }
}
