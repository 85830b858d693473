import Foundation
import Testing

extension Operations {
    @Suite("The Swift API's example")
    struct ExampleTests {
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()

        @Test("is what the documentation shows")
        func documented() throws {
            let page = try String(
                contentsOf: Self.root.appendingPathComponent("Sources/Gatehouse/Gatehouse.docc/SwiftAPI.md"), encoding: .utf8)
            let example = try String(contentsOf: Self.root.appendingPathComponent("Tests/Example/main.swift"), encoding: .utf8)
            #expect(page.contains("```swift\n\(example)```\n"))
        }

        @Test("takes events, and stops at SIGTERM")
        func runs() async throws {
            let installation = try Installation(deliver: "swift:orders")
            try await installation.addSecret()
            // Beside the tests, which this build made too.
            let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath().deletingLastPathComponent()
                .appendingPathComponent("Orders").path
            let running = try RunningProgram([], in: installation.place, executable: program)
            try #require(await running.says("\"message\":\"ready\""))
            let answer = try await installation.bash(installation.send())
            #expect(answer.output.hasPrefix("HTTP/1.1 200"), "\(answer)")
            #expect(try await running.end(by: SIGTERM) == 0)
            // Into a file, `print` comes out at the end.
            #expect(running.text.contains("order.accepted msg_"))
        }
    }
}
