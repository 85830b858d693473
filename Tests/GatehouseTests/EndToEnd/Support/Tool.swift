import Foundation
import GatehouseTesting

/// A program of the system, as users have it: curl and openssl.
enum Tool {
    struct Result {
        var status: Int32
        var output: String
        var messages: String
    }

    static func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) async throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let output = try folder.write("output-\(UUID().uuidString)", "")
        let messages = try folder.write("messages-\(UUID().uuidString)", "")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: messages)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        func text(_ file: String) -> String { String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self) }
        return Result(status: process.terminationStatus, output: text(output), messages: text(messages))
    }
}
