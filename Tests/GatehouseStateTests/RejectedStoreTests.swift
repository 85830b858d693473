import GRDB
import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Refused requests that are kept")
struct RejectedStoreTests {
    private let directory: TemporaryDirectory
    private let start = WallTime(seconds: 1_790_000_000)

    init() throws { directory = try TemporaryDirectory() }

    /// Holds the state's lock as long as `body` runs.
    private func opened(_ body: (State) throws -> Void) throws {
        let state = try State.open(directory: directory.path)
        try body(state)
        try state.close()
    }

    private func reference(_ number: UInt64) -> Reference { Reference(high: 7, low: number) }

    private func request(_ number: UInt64, bytes: Int = 40) -> RejectedRequest {
        let text = "POST /hooks/acme canary-body-\(number) "
        return RejectedRequest(
            reference: reference(number), arrived: start + .seconds(Int64(number)),
            content: Secret(utf8: text + String(repeating: "x", count: bytes)))
    }

    private func text(_ state: State, _ number: UInt64) throws -> String? {
        try state.rejected.request(reference(number)).map { $0.content.withBytes { String(decoding: $0.prefix(31), as: UTF8.self) } }
    }

    /// Whether any file of the state holds the text.
    private func isAnywhere(_ text: String) throws -> Bool {
        for name in try FileSystem.names(in: directory.path) {
            guard let bytes = try? TemporaryDirectory.contents(directory.file(name)) else { continue }
            if bytes.firstRange(of: Array(text.utf8)) != nil { return true }
        }
        return false
    }

    @Test("what is kept opens, nothing of it is in clear, and what was never kept is not there (SEC-66, SEC-70)")
    func kept() throws {
        try opened { (state: State) throws in
            #expect(try state.rejected.request(reference(1)) == nil)
            #expect(!FileSystem.exists(directory.file("rejected.db")))
            try state.rejected.add([request(1), request(2)], oldest: start, limit: 1 << 20)
            #expect(try text(state, 1) == "POST /hooks/acme canary-body-1 " && text(state, 2) != nil && text(state, 3) == nil)
            #expect(try state.rejected.request(reference(1))?.arrived == start + .seconds(1))
            #expect(try !isAnywhere("canary-body"))
        }
        try opened { (again: State) throws in #expect(try text(again, 2) == "POST /hooks/acme canary-body-2 ") }
    }

    @Test("neither the file nor its write-ahead log keeps the size that a flood gave it")
    func sizes() throws {
        try opened { (state: State) throws in
            for number in UInt64(0)..<400 {
                try state.rejected.add([request(number, bytes: 40_000)], oldest: start, limit: 64 << 20)
                #expect(FileSystem.size(directory.file("rejected.db-wal")) ?? 0 <= 3 << 20)
            }
            try state.rejected.expire(oldest: start, limit: 1 << 20)
            #expect(FileSystem.size(directory.file("rejected.db")) ?? .max < 2 << 20)
            #expect(FileSystem.size(directory.file("rejected.db-wal")) == 0)
            #expect(try text(state, 399) != nil && text(state, 0) == nil)
        }
    }

    @Test("what is too old, or too much, is destroyed, the oldest first (SEC-69)")
    func bounds() throws {
        let state = try State.open(directory: directory.path)
        try state.rejected.add((1...9).map { request($0, bytes: 10_000) }, oldest: start, limit: 1 << 20)
        try state.rejected.expire(oldest: start + .seconds(4), limit: 1 << 20)
        #expect(try text(state, 3) == nil && text(state, 4) != nil)
        try state.rejected.add([request(10, bytes: 10_000)], oldest: start, limit: 31_000)
        #expect(try state.rejected.figures().count == 3 && state.rejected.figures().bytes <= 31_000)
        #expect(try text(state, 7) == nil && text(state, 8) != nil && text(state, 10) != nil)
        try state.rejected.destroy()
        #expect(try text(state, 10) == nil && !FileSystem.exists(directory.file("rejected.db")))
        try state.rejected.add([request(11)], oldest: start, limit: 1 << 20)
        #expect(try text(state, 11) != nil)
        try state.close()
    }

    @Test("a request that is moved to another row does not open (SEC-66)")
    func moved() throws {
        try opened { try $0.rejected.add([request(1), request(2)], oldest: start, limit: 1 << 20) }
        let database = try StateDatabase(directory.file("rejected.db"), migrator: RejectedStore.migrator)
        try database.write {
            try $0.execute(
                sql: "UPDATE request SET sealed = (SELECT sealed FROM request WHERE arrived = \(start.microseconds + 1_000_000))")
        }
        try database.close()
        try opened { (again: State) throws in
            #expect(try text(again, 1) != nil)
            #expect(throws: StateError.self) { try text(again, 2) }
        }
    }

    @Test("a rotation of the master key seals them anew, and the old key opens none of them")
    func rotation() throws {
        try opened { try $0.rejected.add([request(1)], oldest: start, limit: 1 << 20) }
        let old = try TemporaryDirectory.contents(directory.file("rejected.db"))
        try opened { (state: State) throws in
            try state.rotateMasterKey()
            #expect(try text(state, 1) == "POST /hooks/acme canary-body-1 ")
            try state.rejected.add([request(2)], oldest: start, limit: 1 << 20)
        }
        try opened { (again: State) throws in #expect(try text(again, 1) != nil && text(again, 2) != nil) }
        // A crash between the rotation and this: what the old key sealed is removed.
        for suffix in ["-wal", "-shm"] { try FileSystem.remove(directory.file("rejected.db" + suffix)) }
        try TemporaryDirectory.write(old, to: directory.file("rejected.db"))
        try opened { (after: State) throws in #expect(try text(after, 1) == nil && after.rejected.figures().count == 0) }
    }

    @Test("a backup does not hold them")
    func backup() throws {
        let state = try State.open(directory: directory.path)
        try state.rejected.add([request(1)], oldest: start, limit: 1 << 20)
        _ = try state.backup(to: directory.file("backup"), at: start, records: 0)
        let key = try TemporaryDirectory.contents(directory.file("master.key"))
        try state.close()
        let target = try TemporaryDirectory()
        _ = try State.restore(directory.file("backup"), to: target.path, key: Secret(key), at: start)
        #expect(!FileSystem.exists(target.file("rejected.db")))
        let restored = try State.open(directory: target.path)
        #expect(try restored.rejected.request(reference(1)) == nil)
        try restored.close()
    }
}
