import Foundation
import Testing

@Suite("Secrets are nowhere but where they belong")
struct SecretCanaryTests {
    @Test("50 values put through every path are in no log, record, database, answer or process listing (SEC-70, SEC-92)")
    func canaries() async throws {
        let site = try Installation()
        let gateway = try await site.start()
        var values: [String] = []
        var said = ""
        func run(_ arguments: [String], _ input: String?) async throws {
            let result = try await Program.run(
                Program.path, arguments + ["--policies", site["policies"]], in: site.place, input: input)
            said += result.output + result.messages
        }
        for number in 0..<25 {
            let value = "canary-\(number)-\(UUID().uuidString)"
            values.append(value)
            switch number % 5 {
            case 0: try await run(["secret", "add", "s\(number)/signing", "--value-file", "-"], value)
            case 1: try await run(["secret", "add", "s\(number)/basic", "--value-file", "-"], "s\(number):\(value)")
            case 2: try await run(["secret", "add", "s\(number)/oauth", "--value-file", "-"], value)
            // Refused: no public key, no subject, no colon.
            case 3: try await run(["secret", "add", "s\(number)/key", "--value-file", "-"], value)
            default: try await run(["secret", "add", "s\(number)/basic", "--value-file", "-"], value)
            }
        }
        for number in stride(from: 0, to: 25, by: 5) {
            for _ in 0..<5 {
                let value = "canary-r-\(UUID().uuidString)"
                values.append(value)
                try await run(["secret", "rotate", "s\(number)/signing", "--value-file", "-"], value)
            }
        }
        #expect(values.count == 50)
        try await run(["secret", "status"], nil)
        try await run(["secret", "status", "--json"], nil)
        try await run(["secret", "status", "--expiring"], nil)
        try await run(["status", "--json"], nil)
        try await run(["state", "backup", site["backup"]], nil)
        said += try await site.bash("curl -s http://127.0.0.1:\(site.admin)/metrics").output
        said += gateway.text
        for name in ["cmdline", "environ", "status"] {
            said += String(
                decoding: (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(gateway.identifier)/\(name)"))) ?? Data(), as: UTF8.self)
        }
        // Memory is not for other processes of this user, and no core is written.
        let limits = String(
            decoding: (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(gateway.identifier)/limits"))) ?? Data(), as: UTF8.self)
        #expect(limits.split(separator: "\n").contains { $0.hasPrefix("Max core file size") && $0.contains(" 0 ") })
        var places: [(String, Data)] = [("what was said", Data(said.utf8))]
        let files = FileManager.default.enumerator(atPath: site.place.path)?.compactMap { $0 as? String } ?? []
        for file in files { if let data = try? Data(contentsOf: URL(fileURLWithPath: site[file])) { places.append((file, data)) } }
        #expect(places.count > 6)
        for (place, data) in places {
            for value in values { #expect(data.range(of: Data(value.utf8)) == nil, "a value is in \(place)") }
        }
        #expect(try await site.stop() == 0)
    }
}
