import GatehouseAudit
import GatehouseCrypto
import GatehouseTime
import GatehouseVerify
import Testing

@testable import GatehouseState

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private let acme = CredentialName(sender: "acme", kind: .signing)
private let secret = "a canary that is 32 bytes long.."
private let made = WallTime(seconds: 1_700_000_000)
private let restoredAt = WallTime(seconds: 1_700_000_500)

/// A state with a secret and three records, and its backup.
private struct BackupFixture {
    let directory: TemporaryDirectory
    let place: TemporaryDirectory
    let key: [UInt8]
    let state: State

    init() throws {
        directory = try TemporaryDirectory()
        place = try TemporaryDirectory()
        state = try State.open(directory: directory.path)
        _ = try state.credentials.add(acme, value: .given(Secret(utf8: secret)), at: made)
        let (journal, _) = try Journal.open(directory: state.auditDirectory, node: state.node, expected: .empty)
        for number in 1...3 { _ = try journal.recordAndWait(SystemRecord(.start, [.init("n", .number(Int64(number)))]).members, at: made) }
        try state.save(State.Progress(head: journal.head, highestTime: made))
        journal.close()
        key = try TemporaryDirectory.contents(directory.file("master.key"))
    }

    var file: String { place.file("backup") }

    func restore(_ target: TemporaryDirectory, key: [UInt8]? = nil) throws -> State.Restored {
        try State.restore(file, to: target.path, key: Secret(key ?? self.key), at: restoredAt)
    }
}

@Suite("Backup and restore of the state")
struct BackupTests {
    @Test("a restored state has the credentials and the whole log, goes on with it, and knows that it was restored")
    func roundTrip() throws {
        let fixture = try BackupFixture()
        let backup = try fixture.state.backup(to: fixture.file, at: made, records: 3)
        #expect(backup.records == 3)
        let target = try TemporaryDirectory()
        #expect(try fixture.restore(target).records == 3)
        let state = try State.open(directory: target.path)
        #expect(try state.restored() == State.Restored(at: restoredAt, made: made, records: 3))
        let value = try #require(try state.credentials.credentialSet().live(acme, at: restoredAt).first).value.open()
        #expect(value.withBytes { String(decoding: $0, as: UTF8.self) } == secret)
        #expect(state.node == fixture.state.node)
        let (journal, report) = try Journal.open(
            directory: state.auditDirectory, node: state.node, expected: try state.progress().head)
        #expect(report.head.sequence == 3 && report.cutBytes == 0)
        _ = try journal.recordAndWait(SystemRecord(.start, []).members, at: restoredAt)
        #expect(journal.head.sequence == 4)
        journal.close()
    }

    @Test("nothing secret is readable in a backup, and one changed or missing byte is found before anything is in place")
    func tampering() throws {
        let fixture = try BackupFixture()
        _ = try fixture.state.backup(to: fixture.file, at: made, records: 3)
        let bytes = try TemporaryDirectory.contents(fixture.file)
        #expect(!bytes.contains(secret.utf8) && !bytes.contains("acme".utf8) && !bytes.contains("SQLite".utf8))
        let step = max(1, bytes.count / 60)
        for position in stride(from: 0, to: bytes.count, by: step) {
            for cut in [false, true] {
                var changed = bytes
                if cut { changed.removeLast(bytes.count - position) } else { changed[position] ^= 1 }
                try FileSystem.remove(fixture.file)
                let file = try Descriptor(opening: fixture.file, 0o102)
                try changed.withUnsafeBytes { bytes in try file.write(bytes, at: 0) }
                let target = try TemporaryDirectory()
                #expect(throws: StateError.self) { try fixture.restore(target) }
                #expect(try FileSystem.names(in: target.path).isEmpty)
            }
        }
    }

    @Test("a restore that fails leaves what was there: no directory, or the key in it")
    func failedRestore() throws {
        let fixture = try BackupFixture()
        _ = try fixture.state.backup(to: fixture.file, at: made, records: 3)
        let size = try TemporaryDirectory.contents(fixture.file).count
        let file = try Descriptor(opening: fixture.file, 0o2)
        try [UInt8(0)].withUnsafeBytes { bytes in try file.write(bytes, at: size - 20) }
        let target = try TemporaryDirectory()
        let missing = target.file("state")
        #expect(throws: StateError.self) { try State.restore(fixture.file, to: missing, key: Secret(fixture.key), at: restoredAt) }
        #expect(!FileSystem.exists(missing))
        try FileSystem.makeDirectory(missing)
        try fixture.key.withUnsafeBytes { bytes in try FileSystem.replace(missing + "/master.key", with: bytes) }
        #expect(throws: StateError.self) { try State.restore(fixture.file, to: missing, at: restoredAt) }
        #expect(try FileSystem.names(in: missing) == ["master.key"])
    }

    @Test("a state that is there is never written over, and another key opens nothing")
    func refusals() throws {
        let fixture = try BackupFixture()
        _ = try fixture.state.backup(to: fixture.file, at: made, records: 3)
        let other = try TemporaryDirectory()
        let there = try State.open(directory: other.path)
        try there.close()
        #expect(throws: StateError.self) { try fixture.restore(other) }
        let target = try TemporaryDirectory()
        let error = #expect(throws: StateError.self) { try fixture.restore(target, key: [UInt8](repeating: 1, count: 32)) }
        #expect(error?.code == .key)
        #expect(!FileSystem.exists(target.file("gatehouse.db")))
    }

    @Test("a backup's log ends with the record that its database belongs to, however far the log has gone on meanwhile")
    func oneMoment() throws {
        let fixture = try BackupFixture()
        let source = try fixture.state.backupSource { 3 }
        let (journal, _) = try Journal.open(
            directory: fixture.state.auditDirectory, node: fixture.state.node, expected: try fixture.state.progress().head,
            options: JournalOptions(segmentBytes: 600))
        _ = try fixture.state.credentials.rotate(acme, value: .generated, overlap: .seconds(60), at: made)
        for _ in 1...5 { try journal.recordAndWait(SystemRecord(.start, []).members, at: made) }
        journal.close()
        #expect(try FileSystem.names(in: fixture.state.auditDirectory).count > 1)
        let backup = try fixture.state.backup(source, to: fixture.file, at: made)
        #expect(backup.records == 3)
        let target = try TemporaryDirectory()
        #expect(try fixture.restore(target).records == 3)
        let state = try State.open(directory: target.path)
        #expect(try state.credentials.status(acme, at: made).first?.versions.map(\.number) == [1])
        #expect(try AuditLog(directory: state.auditDirectory).verify(synced: nil).head.sequence == 3)
    }

    @Test("a backup whose log lacks the record it ends with is not made")
    func missingRecord() throws {
        let fixture = try BackupFixture()
        #expect(throws: StateError.self) { try fixture.state.backup(to: fixture.file, at: made, records: 4) }
        #expect(try FileSystem.names(in: fixture.place.path).isEmpty)
    }

    @Test("what a killed backup left is removed by the next start, and by the next backup what no living command waits for")
    func leftovers() throws {
        let fixture = try BackupFixture()
        try fixture.state.close()
        // No process has this number: it is above the highest that Linux gives.
        let gone = ["backup-4194305-00.sealed", "backup-4194305.sealed"]
        let unfinished = [
            "backup-\(getpid())-01.db", "backup-\(getpid())-01.db-journal", "backup-\(getpid())-01.sealed.part", "backup-77.db",
        ]
        let awaited = "backup-\(getpid())-02.sealed"
        for name in gone + unfinished + [awaited] { try TemporaryDirectory.write([1], to: fixture.directory.file(name)) }
        func left() throws -> Set<String> { Set(try FileSystem.names(in: fixture.directory.path).filter { $0.hasPrefix("backup-") }) }
        try BackupFiles(directory: fixture.directory.path).removeLeftovers(unfinished: false)
        #expect(try left() == Set(unfinished + [awaited]))
        // A restart is another process with the lock; this one lets go of it only with the object.
        try BackupFiles(directory: fixture.directory.path).removeLeftovers(unfinished: true)
        #expect(try left() == [awaited])
    }

    @Test("a restore that was cut off is refused by a start, and can be run again")
    func cutOff() throws {
        let fixture = try BackupFixture()
        _ = try fixture.state.backup(to: fixture.file, at: made, records: 3)
        let target = try TemporaryDirectory()
        _ = try Descriptor(opening: target.file("restoring"), 0o102)
        #expect(throws: StateError.self) { try State.open(directory: target.path) }
        _ = try fixture.restore(target)
        #expect(try State.open(directory: target.path).restored() != nil)
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: some Collection<UInt8>) -> Bool { firstRange(of: Array(part)) != nil }
}
