import Testing

@testable import GatehouseAudit

@Suite("Records as syslog messages")
struct SyslogMessageTests {
    private func text(_ members: [UInt8], sequence: UInt64 = 0, host: String = "gate.example") -> String {
        var chain = Chain(node: "n", head: ChainHead(sequence: sequence, hash: .zero))
        var line: [UInt8] = []
        chain.finish(members, time: someTime, into: &line)
        var output: [UInt8] = []
        let taken = line.dropLast().withUnsafeBytes { bytes in
            LogLine(bytes).map { SyslogMessage(host: host, process: 42).append($0, to: &output) }
        }
        #expect(taken == true)
        return String(decoding: output, as: UTF8.self)
    }

    @Test("a message has its length before it, the parts of RFC 5424, and the record as it is")
    func accepted() throws {
        let message = text(DecisionRecord.accepted().members)
        let blank = try #require(message.firstIndex(of: " "))
        let rest = message[message.index(after: blank)...]
        #expect(Int(message[..<blank]) == rest.utf8.count)
        #expect(rest.hasPrefix("<110>1 2026-11-24T02:01:02.123456Z gate.example gatehouse 42 decision [meta sequenceId=\"1\"] {\"seq\":1,"))
        #expect(rest.hasSuffix("\"}"))
    }

    @Test("a refusal is a warning, a host that is no name is left out, and the number begins again after 2147483647")
    func others() {
        var record = DecisionRecord.accepted()
        record.decision = "rejected"
        #expect(text(record.members).contains("<108>1 "))
        #expect(text(SystemRecord(.start).members, host: "a b").contains(" - gatehouse 42 system "))
        #expect(text(SystemRecord(.start).members, sequence: 2_147_483_646).contains("sequenceId=\"2147483647\""))
        #expect(text(SystemRecord(.start).members, sequence: 2_147_483_647).contains("sequenceId=\"1\""))
    }
}
