import GatehouseTime
import Testing

@testable import GatehouseAudit

@Suite("Decision records")
struct DecisionRecordTests {
    @Test("an accepted decision has the members of the contract in their order")
    func accepted() {
        let digest = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        let expected =
            #""kind":"decision","reference":"01JDD2QGYM24H36H2NCSVRH6DA","endpoint":"acme","sender":"acme","#
            + #""decision":"accepted","reason":"ok","#
            + #""checks":[{"check":"signature","scheme":"standard-webhooks","version":2,"result":"ok"}],"#
            + #""event":{"id":"evt_1","type":"order.accepted","key":"00000000000000010000000000000007"},"#
            + #""body":{"bytes":123,"sha256":"\#(digest)"},"answer":200,"remote":"203.0.113.7","#
            + #""policy":"sha256:00","skew_ms":-12,"took_us":45"#
        var record = DecisionRecord.accepted()
        record.reference = someReference
        #expect(String(decoding: record.members, as: UTF8.self) == expected)
    }

    @Test("what a request did not get to is left out")
    func unknownPath() {
        let record = DecisionRecord(
            reference: someReference, endpoint: nil, sender: nil, decision: "rejected", reason: "not-found", answer: 404, remote: "::1",
            policy: "sha256:00")
        #expect(
            String(decoding: record.members, as: UTF8.self)
                == #""kind":"decision","reference":"01JDD2QGYM24H36H2NCSVRH6DA","decision":"rejected","reason":"not-found","#
                + #""checks":[],"answer":404,"remote":"::1","policy":"sha256:00""#
        )
    }

    @Test("a refused request's record holds names, lengths and the scheme's own values, and says how many names it left out")
    func refused() throws {
        var record = DecisionRecord.accepted()
        record.request = RequestSummary(
            method: "POST",
            headers: [.init(name: "webhook-id", length: 3, value: Array("a\"b".utf8))]
                + (0..<80).map { .init(name: "x-\($0)", length: $0) },
            values: [.init(source: "json:t", value: [0xff, 0x31])])
        let line = try #require(decoded(record))
        let request = try #require(line.value["request"])
        #expect(request["headers"]?.array?.count == RecordLimit.fields)
        #expect(
            request["headers"]?.array?.first
                == .object([
                    .init(name: "name", value: .string("webhook-id")), .init(name: "bytes", value: .integer(3)),
                    .init(name: "value", value: .string("a\"b")),
                ]))
        #expect(request["more_headers"] == .integer(17))
        #expect(
            request["values"]?.array == [
                .object([.init(name: "from", value: .string("json:t")), .init(name: "value", value: .string("\u{fffd}1"))])
            ])
    }

    @Test("what exactly was wrong stands in the record, bounded, and how many requests it is of counts in a summary")
    func detail() throws {
        var record = DecisionRecord.accepted()
        record.decision = "rejected"
        record.reason = "rate"
        record.detail = String(repeating: "x", count: 10_000)
        record.requests = 260
        let read = try #require(decoded(record))
        #expect(read.requests == 260)
        #expect(read.detail == String(repeating: "x", count: RecordLimit.event) + "…+\(10_000 - RecordLimit.event)")
        var summary = ReviewSummary()
        for record in [record, DecisionRecord.accepted()] {
            var chain = Chain(node: "gate")
            var line: [UInt8] = []
            chain.finish(record.members, time: someTime, into: &line)
            line.dropLast().withUnsafeBytes { bytes in
                if let line = LogLine(bytes) { summary.add(line, LogFields(line)) }
            }
        }
        #expect(summary.records == 2 && summary.requests == 261)
        #expect(summary.decisions.byCount.map(\.count) == [260, 1] && summary.reasons.byCount.first?.text == "rate")
        #expect(summary.hours.byText.map(\.count) == [261])
    }

    @Test("the largest record stays below the limit of a line (SEC-80)")
    func largest() throws {
        let long = String(repeating: "\u{1}", count: 100_000)
        let bytes = Array(long.utf8)
        var record = DecisionRecord.accepted()
        record.endpoint = long
        record.sender = long
        record.reason = long
        record.remote = long
        record.policy = long
        record.event = .init(id: long, type: long, key: .init(high: .max, low: .max))
        record.checks = Array(repeating: .init(check: long, scheme: long, client: long, version: .min, result: long), count: 1_000)
        record.detail = long
        record.request = RequestSummary(
            method: long, headers: Array(repeating: .init(name: long, length: .max, value: bytes), count: 1_000),
            values: Array(repeating: .init(source: long, value: bytes), count: 1_000))
        #expect(record.members.count < RecordLimit.line - 1_024)
        #expect(decoded(record) != nil)

        let system = SystemRecord(.start, Array(repeating: .init(long, .list(Array(repeating: long, count: 100))), count: 100))
        #expect(system.members.count < RecordLimit.line - 1_024)
        let texts = SystemRecord(.start, Array(repeating: .init(long, .text(long)), count: 100))
        #expect(texts.members.count < RecordLimit.line - 1_024)
    }

    @Test("a reader gets back what was recorded")
    func roundTrip() throws {
        let record = DecisionRecord.accepted(9)
        let line = try #require(decoded(record))
        #expect(line.sequence == 1 && line.node == "gate" && line.kind == "decision" && line.time == someTime)
        #expect(line.reference == record.reference && line.endpoint == "acme" && line.decision == "accepted" && line.answer == 200)
        #expect(line.checks == record.checks && line.event == record.event && line.body == record.body && line.skew == -12)
    }

    @Test("an accepted event that could not be recorded is recorded as failed, with the answer that was sent")
    func amended() {
        let text = String(decoding: DecisionRecord.amended(DecisionRecord.accepted().members, answer: 503), as: UTF8.self)
        #expect(text.contains(#""decision":"failed","reason":"unavailable","#))
        #expect(text.contains(#""answer":503,"#))
        #expect(text.hasSuffix(#","instead_of":"accepted""#))
    }

    @Test("an amended refusal keeps its reason")
    func amendedRefusal() {
        var record = DecisionRecord.accepted()
        record.decision = "rejected"
        record.reason = "signature-mismatch"
        record.endpoint = #"","decision":"accepted","answer":1,"#
        record.answer = 401
        let text = String(decoding: DecisionRecord.amended(record.members, answer: 503), as: UTF8.self)
        #expect(text.contains(#""decision":"rejected","reason":"signature-mismatch","#))
        #expect(text.contains(#"},"answer":503,"#))
    }

    @Test("a token that was not sent for want of a record is none that was issued, and a refusal of one stays a refusal")
    func amendedToken() {
        var record = TokenRecord(
            reference: someReference, event: .issued, sender: "acme", reason: "ok", token: "id", answer: 200, remote: "::1",
            policy: "sha256:00")
        let issued = String(decoding: DecisionRecord.amended(record.members, answer: 503), as: UTF8.self)
        #expect(issued.contains(#""action":"refused","#) && issued.contains(#","reason":"unavailable","#))
        #expect(issued.contains(#","answer":503,"#) && issued.hasSuffix(#","instead_of":"issued""#))
        record.event = .refused
        record.reason = "credential-mismatch"
        let refused = String(decoding: DecisionRecord.amended(record.members, answer: 503), as: UTF8.self)
        #expect(
            refused.contains(#""action":"refused","#) && refused.contains(#","reason":"credential-mismatch","#)
                && refused.contains(#","answer":503,"#))
    }

    @Test("a member has one type whatever the record's kind: what was done is an action, and an event is always an object")
    func actions() throws {
        let token = TokenRecord(
            reference: someReference, event: .refused, sender: "acme", reason: "token-expired", answer: 401, remote: "::1",
            policy: "sha256:00")
        for (members, action) in [(SystemRecord(.start).members, "start"), (token.members, "refused")] {
            let record = try #require(decoded(members))
            #expect(record.action == action && record.value["event"] == nil && record.event == nil)
            var csv: [UInt8] = []
            CSVRow.append(record, to: &csv)
            #expect(String(decoding: csv, as: UTF8.self).contains("action=\(action)"))
        }
        let decision = try #require(decoded(DecisionRecord.accepted().members))
        #expect(decision.action == nil && decision.value["event"]?.members != nil)
    }

    @Test("other kinds of records are not amended")
    func amendedOthers() {
        let members = SystemRecord(.start).members
        #expect(DecisionRecord.amended(members, answer: 503) == members)
    }

    private func decoded(_ record: DecisionRecord) -> LogRecord? { decoded(record.members) }

    private func decoded(_ members: [UInt8]) -> LogRecord? {
        var chain = Chain(node: "gate")
        var line: [UInt8] = []
        chain.finish(members, time: someTime, into: &line)
        return line.withUnsafeBytes { LogRecord(line: $0) }
    }
}
