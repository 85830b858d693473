import Testing

@testable import GatehouseAudit

@Suite("Which records a review is about")
struct RecordFilterTests {
    @Test("that a handler took an event late is shown to who asks for the event or the request, and counted as no decision")
    func late() throws {
        let decision = DecisionRecord.accepted(5)
        let late = LateRecord(
            reference: decision.reference, endpoint: "acme", sender: "acme", event: decision.event, body: decision.body, answer: 202)
        let line = Self.line(late.members)
        #expect(Self.matches(RecordFilter(event: "evt_5", andTokens: true), line))
        #expect(Self.matches(RecordFilter(sender: "acme", reference: decision.reference, andTokens: true), line))
        #expect(Self.matches(RecordFilter(everyKind: true), line))
        #expect(!Self.matches(RecordFilter(event: "evt_6", andTokens: true), line))
        #expect(!Self.matches(RecordFilter(event: "evt_5"), line))
        #expect(!Self.matches(RecordFilter(andTokens: true), line))
        #expect(!Self.matches(RecordFilter(decision: "accepted", event: "evt_5", andTokens: true), line))
    }

    @Test("other records of the gateway's own are shown only where every kind is asked for")
    func system() {
        let line = Self.line(SystemRecord(.start, [.init("event", .text("evt_5"))]).members)
        #expect(!Self.matches(RecordFilter(event: "evt_5", andTokens: true), line))
        #expect(!Self.matches(RecordFilter(andTokens: true), line))
        #expect(Self.matches(RecordFilter(everyKind: true), line))
    }

    private static func line(_ members: [UInt8]) -> [UInt8] {
        var chain = Chain(node: "gate", head: .empty)
        var line: [UInt8] = []
        chain.finish(members, time: someTime, into: &line)
        return line.dropLast()
    }

    private static func matches(_ filter: RecordFilter, _ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in LogLine(bytes).map { filter.matches($0) != nil } ?? false }
    }
}
