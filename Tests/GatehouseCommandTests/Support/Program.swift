import Foundation
import GatehouseTesting

/// The built program, run as a user would: arguments in, streams and exit status out.
struct Program {
    var directory: URL

    /// `GATEHOUSE_PROGRAM`, else what lies beside the test bundle.
    static var path: String {
        if let path = ProcessInfo.processInfo.environment["GATEHOUSE_PROGRAM"] { return path }
        let own = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        return own.deletingLastPathComponent().appendingPathComponent("gatehouse").path
    }

    struct Result {
        var status: Int32
        var output: String
        var messages: String
    }

    func run(_ arguments: String..., input: String? = nil) async throws -> Result {
        try await Self.run(Self.path, arguments, in: directory, input: input)
    }

    func bash(_ script: String) async throws -> Result {
        try await Self.run("/bin/bash", ["-c", script], in: directory, input: nil)
    }

    static func run(_ program: String, _ arguments: [String], in directory: URL, input: String?) async throws -> Result {
        let finished = try await SpawnedProcess.run(program, arguments, in: directory.path, input: input ?? "")
        return Result(status: finished.status, output: finished.output, messages: finished.messages)
    }
}

/// A new, empty directory.
func temporaryDirectory() throws -> URL {
    let place = FileManager.default.temporaryDirectory.appendingPathComponent("gatehouse-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    return place
}

/// Calls `body` with a new directory and removes it afterwards.
func withTemporaryDirectory<R>(_ body: (URL) async throws -> R) async throws -> R {
    let place = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: place) }
    return try await body(place)
}
