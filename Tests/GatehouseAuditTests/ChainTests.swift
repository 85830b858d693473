import GatehouseTime
import Testing

@testable import GatehouseAudit

@Suite("The chain")
struct ChainTests {
    @Test("a line has the contract's frame, and its hash is over the bytes before the last hash member")
    func frame() throws {
        let line = try #require(makeLines(1).first)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.hasPrefix(#"{"seq":1,"time":"2026-11-24T"#))
        #expect(text.contains(#".123456Z","node":"gate","kind":"decision","reference":""#))
        #expect(text.contains(#","previous":"\#(String(repeating: "0", count: 64))","hash":""#))
        #expect(text.hasSuffix("\"}\n"))
        let body = Array(line.dropLast(LogLine.tail + 1))
        #expect(text.hasSuffix(#","hash":"\#(sha256(body))"}"# + "\n"))
    }

    @Test("each line names the hash of the one before")
    func links() throws {
        let lines = makeLines(3)
        for (earlier, later) in zip(lines, lines.dropFirst()) {
            #expect(later.dropLast().withUnsafeBytes { LogLine($0)?.previous } == head(of: earlier).hash)
        }
    }

    @Test(
        "times are written as WallTime writes them, across seconds and before 1970",
        arguments: [0, 999_999, 1_000_000, 1_795_485_662_000_001, -1, -1_000_001])
    func times(microseconds: Int64) throws {
        var chain = Chain(node: "n")
        var line: [UInt8] = []
        for time in [someTime, WallTime(microseconds: microseconds), WallTime(microseconds: microseconds)] {
            line = []
            chain.finish(SystemRecord(.start).members, time: time, into: &line)
        }
        #expect(String(decoding: line, as: UTF8.self).contains("\"time\":\"\(WallTime(microseconds: microseconds))\""))
    }

    @Test("a rewound chain goes on as if what came after had not been")
    func rewind() {
        let lines = makeLines(2)
        var chain = Chain(node: "gate")
        var output: [UInt8] = []
        chain.finish(DecisionRecord.accepted(1).members, time: someTime, into: &output)
        let kept = chain.head
        var lost: [UInt8] = []
        chain.finish(DecisionRecord.accepted(99).members, time: someTime, into: &lost)
        chain.rewind(to: kept)
        chain.finish(DecisionRecord.accepted(2).members, time: someTime + .milliseconds(1), into: &output)
        #expect(output == lines[0] + lines[1])
    }
}

@Suite("References")
struct ReferenceTests {
    @Test("a reference reads back from its text, in either case")
    func text() {
        let text = someReference.description
        #expect(text.utf8.count == 26)
        #expect(Reference(text) == someReference)
        #expect(Reference(text.lowercased()) == someReference)
        #expect(Reference(high: .max, low: .max).description == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
    }

    @Test(
        "what is no reference is refused",
        arguments: [
            "", "0", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "0193I000000000000000000000", "01935A2BC3D411223344556677889",
            "01JDD2QGYM28H36H2NCSVRH6D€",
        ])
    func malformed(text: String) { #expect(Reference(text) == nil) }

    @Test("references of one generator are all different and sort by their millisecond")
    func generator() throws {
        var generator = ReferenceGenerator()
        var all: Set<Reference> = []
        for index in 0..<1_000 { all.insert(try generator.next(at: someTime + .milliseconds(index % 2))) }
        #expect(all.count == 1_000)
        #expect(try generator.next(at: someTime) < generator.next(at: someTime + .milliseconds(1)))
        let milliseconds = try generator.next(at: someTime).high >> 16
        #expect(milliseconds == UInt64(someTime.microseconds / 1_000))
    }
}
