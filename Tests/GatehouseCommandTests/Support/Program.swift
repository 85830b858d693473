import Foundation

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

    /// Both streams go to files, so that neither can fill up and block the program.
    static func run(_ program: String, _ arguments: [String], in directory: URL, input: String?) async throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        let scratch = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = ["input", "output", "messages"].map { scratch.appendingPathComponent($0) }
        try Data((input ?? "").utf8).write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try await finish(process)
        return Result(
            status: process.terminationStatus, output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            messages: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }

    private static func finish(_ process: Process) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
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
