import GatehouseAudit
import Testing

@testable import GatehouseCommand

@Suite("Records as lines for a terminal")
struct RecordRowsTests {
    private func record(_ day: Int, endpoint: String = "billing", sender: String = "acme") throws -> LogRecord {
        let zeros = String(repeating: "0", count: 64)
        let text =
            #"{"seq":1,"time":"2026-11-\#(day)T09:00:00.123456Z","node":"n","kind":"decision","reference":"01KB3X6Z1TQ8Q9V6T2W4J5M7R8","#
            + #""endpoint":"\#(endpoint)","sender":"\#(sender)","decision":"rejected","reason":"signature-mismatch","#
            + #""event":{"id":"msg_1","type":"order.accepted","key":"\#(zeros.prefix(32))"},"previous":"\#(zeros)","hash":"\#(zeros)"}"#
        return try #require(Array(text.utf8).withUnsafeBytes { LogRecord(line: $0) })
    }

    @Test("whatever a width shows, every greater one shows too, and no line is longer than its width")
    func widths() throws {
        let parts = [
            "2026-11-24", "09:00:00", "09:00:00.123Z", "rejected", "signature-mismatch", "billing", "acme", "msg_1",
            "msg_1 order.accepted", "01KB3X6Z1TQ8Q9V6T2W4J5M7R8",
        ]
        var before: Set<String> = []
        for width in 53...250 {
            var rows = RecordRows(width: width, hasColour: false)
            let text = rows.text(try record(24))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(width)")
            let shown = Set(parts.filter { text.contains($0) })
            #expect(shown.isSuperset(of: before), "\(width)")
            if width == 80 {
                #expect(shown.isSuperset(of: ["2026-11-24", "rejected", "billing", "acme"]) && text.contains("signature-mis…"))
            }
            if width == 120 { #expect(shown.contains("msg_1")) }
            before = shown
        }
        #expect(before.count == parts.count)
    }

    @Test("where lines have no room for the date, one of its own tells it where it changes")
    func dates() throws {
        var rows = RecordRows(width: 80, hasColour: false)
        let texts = try [22, 22, 23, 22].map { rows.text(try record($0)) }
        #expect(texts.map { $0.contains("\n") } == [true, false, true, true])
        #expect(texts[2].hasPrefix("2026-11-23\n09:00:00Z  rejected"))
        var wide = RecordRows(width: 200, hasColour: false)
        #expect(try wide.text(record(22)).hasPrefix("2026-11-22 09:00:00.123Z"))
    }

    @Test("at 80 columns both names are to be seen, cut where they are long, and one where they are the same")
    func names() throws {
        var rows = RecordRows(width: 80, hasColour: false)
        #expect(try rows.text(record(24)).contains("  billing/acme  "))
        #expect(try rows.text(record(24, endpoint: "acme")).contains("  acme            01KB"))
        #expect(try rows.text(record(24, endpoint: "digital-river", sender: "some-shop")).contains("  digita…/some-…  "))
    }
}
