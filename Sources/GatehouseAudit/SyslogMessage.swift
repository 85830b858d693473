/// Records as syslog messages (RFC 5424), framed for TLS by their length (RFC 5425 section 4.3).
///
/// `<PRI>1 TIME HOST gatehouse PROCESS KIND [meta sequenceId="…"] RECORD`. The facility is log audit; refusals and failures have the severity
/// warning, everything else informational. The record is the line of the log, so its hash can be recomputed from the message.
public struct SyslogMessage: Sendable {
    private let start: [UInt8]

    /// - Parameters:
    ///   - host: the machine's name; `-` stands for one that is none.
    ///   - process: its number.
    public init(host: String, process: Int32) {
        let isName = !host.isEmpty && host.utf8.count <= 255 && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        start = Array(" \(isName ? host : "-") gatehouse \(process) ".utf8)
    }

    /// Appends one message with its length; false where the line is no record.
    public func append(_ line: LogLine, to output: inout [UInt8]) -> Bool {
        let fields = LogFields(line)
        guard let time = line.timeText, let kind = fields.kind, kind.count <= 32, kind.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return false
        }
        let isRefusal = fields.decision.map { $0.elementsEqual("rejected".utf8) || $0.elementsEqual("failed".utf8) } ?? false
        var message: [UInt8] = []
        message.reserveCapacity(line.bytes.count + 160)
        message += Array("<\(Self.audit * 8 + (isRefusal ? Self.warning : Self.informational))>1 ".utf8)
        message.append(contentsOf: time)
        message += start
        message.append(contentsOf: kind)
        // RFC 5424 section 7.3.1: from 1 to 2147483647, then again from 1.
        message += Array(" [meta sequenceId=\"\((line.sequence - 1) % 2_147_483_647 + 1)\"] ".utf8)
        message.append(contentsOf: line.bytes)
        output += Array("\(message.count) ".utf8)
        output += message
        return true
    }

    private static let audit = 13
    private static let warning = 4
    private static let informational = 6
}
