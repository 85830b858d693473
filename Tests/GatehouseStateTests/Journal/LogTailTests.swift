import Foundation
import GatehouseAudit
import Testing

@testable import GatehouseState

@Suite("Following one file of a log")
struct LogTailTests {
    private let path = FileManager.default.temporaryDirectory.path + "/tail-\(UUID().uuidString).jsonl"

    private func append(_ numbers: ClosedRange<Int>, to path: String, cut: Int = 0) throws {
        let disk = JournalDisk()
        let (journal, _) = try Journal.open(storage: disk, node: "n", expected: nil, options: JournalOptions(segmentBytes: 1 << 30))
        for number in 1...numbers.upperBound {
            journal.submit([journalEntry(number)])
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        }
        journal.close()
        let lines = disk.bytes.split(separator: 0x0a).dropFirst(2 * (numbers.lowerBound - 1)).joined(separator: [0x0a]) + [0x0a]
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(lines.dropLast(cut)))
        try file.close()
    }

    @Test("what was written before and after a renaming comes, each record once; a line in the midst of being written waits")
    func renamed() throws {
        defer { for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) } }
        try append(1...3, to: path)
        var tail = try #require(try AuditLog(path: path).tail())
        defer { tail.close() }
        var seen: [UInt64] = [4]
        func read() throws {
            try tail.forEachLine(after: seen.last ?? 0) { line in
                seen.append(line.sequence)
                return true
            }
        }
        try read()
        #expect(seen == [4, 5, 6])
        try append(4...5, to: path)
        #expect(rename(path, path + ".1") == 0)
        // Its name is gone and nothing stands in its place yet.
        try append(6...6, to: path + ".1")
        try read()
        #expect(seen == Array(4...12))
        try append(7...7, to: path + ".1")
        try append(8...9, to: path, cut: 1)
        try read()
        #expect(seen == Array(4...17))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0x0a]))
        try file.close()
        try read()
        #expect(seen == Array(4...18))
    }

    @Test("a file that was copied and emptied in its place is read from its beginning")
    func emptied() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try append(1...3, to: path)
        var tail = try #require(try AuditLog(path: path).tail())
        defer { tail.close() }
        var seen: [UInt64] = []
        func read() throws {
            try tail.forEachLine(after: seen.last ?? 0) { line in
                seen.append(line.sequence)
                return true
            }
        }
        try read()
        #expect(truncate(path, 0) == 0)
        try read()
        try append(4...4, to: path)
        try read()
        #expect(seen == Array(1...8))
    }
}
