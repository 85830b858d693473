import GatehouseAudit
import GatehouseTime
import Synchronization

@testable import GatehouseState

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

let journalStart = WallTime(microseconds: 1_795_485_662_123_456)

/// A clock that stands still until moved.
final class JournalClock: GatewayClock {
    private let elapsed = Mutex<UInt64>(0)

    var now: WallTime { journalStart + .nanoseconds(Int64(elapsed.withLock { $0 })) }
    var monotonic: MonotonicTime { MonotonicTime(nanoseconds: 1_000_000_000 + elapsed.withLock { $0 }) }

    func advance(seconds: UInt64) { elapsed.withLock { $0 += seconds * 1_000_000_000 } }
}

/// What a journal told its owner.
final class JournalWitness: Sendable {
    struct Seen: Sendable {
        var stored: [String: UInt64] = [:]
        var failed: [String] = []
        var heads: [ChainHead] = []
        var failures: [JournalError?] = []
        var cuts: [UInt64] = []
        var batches: [Int] = []
    }

    private let seen = Mutex(Seen())

    var now: Seen { seen.withLock { $0 } }

    func note(_ body: (inout Seen) -> Void) { seen.withLock { body(&$0) } }

    var handlers: JournalHandlers {
        JournalHandlers(
            deliver: { batch, failure in
                self.note { seen in
                    seen.batches.append(batch.entries.count)
                    for (index, entry) in batch.entries.enumerated() {
                        guard let name = (entry.token as? JournalToken)?.name else { continue }
                        if failure == nil { seen.stored[name] = batch.firstSequence + UInt64(index) } else { seen.failed.append(name) }
                    }
                }
            },
            afterCut: { last in self.note { $0.cuts.append(last) } },
            onSyncedHead: { head, _ in self.note { $0.heads.append(head) } },
            onFailing: { failure in self.note { $0.failures.append(failure) } })
    }
}

final class JournalToken: Sendable {
    let name: String

    init(_ name: String) { self.name = name }
}

/// Decision `number`; its event id is the name under which the witness knows it.
func journalEntry(_ number: Int, time: WallTime = journalStart) -> JournalEntry {
    let record = DecisionRecord(
        reference: Reference(high: 1, low: UInt64(number)), endpoint: "acme", sender: "acme", decision: "accepted", reason: "ok",
        checks: [.init(check: "signature", scheme: "github", version: 1, result: "ok")], event: .init(id: "e\(number)", type: "t"),
        answer: 200,
        remote: "203.0.113.7", policy: "sha256:00")
    var members: [UInt8] = []
    record.encode(into: &members)
    return JournalEntry(members: members, time: time, token: JournalToken("e\(number)"))
}

func journalRecords(_ bytes: [UInt8]) -> [LogRecord] {
    bytes.split(separator: 0x0a).compactMap { line in Array(line).withUnsafeBytes { LogRecord(line: $0) } }
}

/// A real directory, removed with its last reference.
final class JournalDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/gatehouse-journal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw JournalError(.system, "no temporary directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            unlink("\(path)/\(name)")
        }
        closedir(stream)
        rmdir(path)
    }

    var storage: DirectoryStorage { DirectoryStorage(directory: path) }

    func contents() throws -> [UInt8] {
        var all: [UInt8] = []
        for name in try storage.segments() {
            let file = try storage.open(name, creating: false)
            var bytes = [UInt8](repeating: 0, count: try file.size())
            _ = try bytes.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
            all += bytes
        }
        return all
    }
}
