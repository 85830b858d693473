import Foundation
import GatehouseCrypto
import Testing

@testable import GatehouseCommand

@Suite("Files of commands")
struct FilesTests {
    @Test(
        "a secret loses one trailing newline and nothing else",
        arguments: [("a\n", "a"), ("a\n\n", "a\n"), (" a \r\n", " a \r"), ("a", "a")])
    func secret(_ content: String, _ value: String) async throws {
        try await withTemporaryDirectory { place in
            let file = place.appendingPathComponent("secret").path
            try Files.write(Array(content.utf8), to: file, mode: 0o600)
            #expect(try Files.readSecret(file).withBytes { Array($0) } == Array(value.utf8))
        }
    }

    @Test("an empty, a missing and a huge secret file are refused with the file's name")
    func badSecrets() async throws {
        try await withTemporaryDirectory { place in
            let file = place.appendingPathComponent("secret").path
            let missing = #expect(throws: CommandFailure.self) { try Files.readSecret(file) }
            #expect(missing?.message.contains(file) == true)
            try Files.write([0x0a], to: file)
            #expect(throws: CommandFailure.self) { try Files.readSecret(file) }
            try Files.write([UInt8](repeating: 0x61, count: 70_000), to: file)
            #expect(throws: CommandFailure.self) { try Files.readSecret(file) }
            let piped = try await Program(directory: place).run(
                "secret", "add", "acme/signing", "--value-file", "-", input: String(repeating: "a", count: 70_000))
            #expect(piped.status == 1)
            #expect(piped.messages.contains("standard input is larger than 65536 bytes"), "\(piped.messages)")
        }
    }

    @Test("a file is written with its mode, replaced whole, and leaves nothing beside it")
    func writing() async throws {
        try await withTemporaryDirectory { place in
            let file = place.appendingPathComponent("f").path
            try Files.write([1], to: file, mode: 0o600)
            try Files.write([2, 3], to: file, mode: 0o600)
            #expect(try Files.read(file) == [2, 3])
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
            #expect(names == ["f"])
        }
    }
}
