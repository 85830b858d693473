import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Testing

@testable import GatehouseState

private let acme = CredentialName(sender: "acme", kind: .signing)
private let secret = "a canary that is 32 bytes long.."

private func text(_ state: State) throws -> [String] {
    try state.credentials.credentialSet().live(acme, at: WallTime(seconds: 2_000_000_000)).map { version in
        try version.value.open().withBytes { String(decoding: $0, as: UTF8.self) }
    }
}

private func open(_ directory: TemporaryDirectory, _ source: GatewayPolicy.MasterKeySource = .state) throws -> State {
    try State.open(directory: directory.path, masterKey: source)
}

@discardableResult
private func filled(_ directory: TemporaryDirectory, _ source: GatewayPolicy.MasterKeySource = .state) throws -> [UInt8] {
    let state = try open(directory, source)
    _ = try state.credentials.add(acme, value: .given(Secret(utf8: secret)), at: WallTime(seconds: 1_700_000_000))
    defer { try? state.close() }
    return state.keys.replay.withBytes { Array($0) }
}

@Suite("Replacing the master key")
struct MasterKeyRotationTests {
    @Test("everything opens with the new key, nothing with the old one, and events are still known (SEC-66)")
    func rotation() throws {
        let directory = try TemporaryDirectory()
        let replay = try filled(directory)
        let old = try TemporaryDirectory.contents(directory.file("master.key"))
        let before = try directory.copy()
        do {
            let state = try open(directory)
            _ = try state.credentials.credentialSet()
            #expect(try state.rotateMasterKey() == 1)
            #expect(try text(state) == [secret])
            _ = try state.credentials.rotate(
                acme, value: .generated, overlap: .seconds(3_600 * 24 * 365 * 10), at: WallTime(seconds: 1_700_000_001))
            try state.close()
        }
        #expect(try TemporaryDirectory.contents(directory.file("master.key")) != old)
        let state = try open(directory)
        #expect(try text(state).last == secret && text(state).count == 2)
        #expect(state.keys.replay.withBytes { Array($0) } == replay)
        try state.close()
        // The old key beside the new database.
        try Descriptor(opening: directory.file("master.key"), 1).write(old)
        #expect(throws: StateError.self) { try open(directory) }
        #expect(try text(open(before)) == [secret])
    }

    @Test("a kill before the commit leaves the old key, one after it the new key")
    func crash() throws {
        let directory = try TemporaryDirectory()
        try filled(directory)
        let next = [UInt8](repeating: 7, count: 32)
        // Written beside, not sealed with yet.
        try Descriptor(opening: directory.file("master.key.new"), 0o102).write(next)
        do {
            let state = try open(directory)
            #expect(try text(state) == [secret])
            try state.close()
        }
        #expect(!FileSystem.exists(directory.file("master.key.new")))
        // Committed, not renamed yet.
        let old = try TemporaryDirectory.contents(directory.file("master.key"))
        do {
            let state = try open(directory)
            try state.rotateMasterKey()
            try state.close()
        }
        let new = try TemporaryDirectory.contents(directory.file("master.key"))
        try Descriptor(opening: directory.file("master.key"), 1).write(old)
        try Descriptor(opening: directory.file("master.key.new"), 0o102).write(new)
        let state = try open(directory)
        #expect(try text(state) == [secret])
        #expect(try TemporaryDirectory.contents(directory.file("master.key")) == new)
    }

    @Test("half a new key that a kill left behind is passed over")
    func torn() throws {
        let directory = try TemporaryDirectory()
        try filled(directory)
        try Descriptor(opening: directory.file("master.key.new"), 0o102).write([1, 2, 3])
        #expect(try text(open(directory)) == [secret])
    }

    @Test("the key may be in another file, in base64 too")
    func file() throws {
        let keys = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let line = Base64.encode([UInt8](repeating: 9, count: 32)) + "\n"
        try Descriptor(opening: keys.file("key"), 0o102).write(Array(line.utf8))
        try filled(directory, .file(keys.file("key")))
        #expect(!FileSystem.exists(directory.file("master.key")))
        #expect(try text(open(directory, .file(keys.file("key")))) == [secret])
        try FileSystem.remove(keys.file("key"))
        #expect(throws: StateError.self) { try open(directory, .file(keys.file("key"))) }
    }

    @Test("a key of another length, or of one byte repeated, is refused with what was expected")
    func length() throws {
        let directory = try TemporaryDirectory()
        try filled(directory)
        let state = try open(directory)
        let error = #expect(throws: StateError.self) { try state.rotateMasterKey(to: Secret(utf8: "short")) }
        #expect(error?.message.contains("expected 32 bytes") == true)
        let constant = #expect(throws: StateError.self) { try state.rotateMasterKey(to: Secret([UInt8](repeating: 0, count: 32))) }
        #expect(constant?.message.contains("one byte, repeated") == true)
        #expect(try text(state) == [secret])
    }
}

extension Descriptor {
    fileprivate func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in try write(bytes, at: 0) }
    }
}
