/// How records are written for other programs.
public enum ExportFormat: String, Sendable, Hashable, CaseIterable {
    /// The records as they are.
    case jsonl
    /// RFC 4180, a header line first.
    case csv
    /// An event of the Open Cybersecurity Schema Framework a line: Authentication for who was not let in and for tokens, API Activity
    /// for everything else.
    case ocsf

    /// What stands before the first record.
    public var header: [UInt8] { self == .csv ? Array((CSVRow.columns.joined(separator: ",") + "\r\n").utf8) : [] }

    /// Appends one record with its line end; false where the line cannot be read as one.
    public func append(_ line: LogLine, to output: inout [UInt8]) -> Bool {
        switch self {
        case .jsonl:
            output.append(contentsOf: line.bytes)
            output.append(0x0a)
            return true
        case .csv:
            guard let record = LogRecord(line: line.bytes) else { return false }
            CSVRow.append(record, to: &output)
            return true
        case .ocsf:
            guard let record = LogRecord(line: line.bytes) else { return false }
            output.write { OCSFEvent.append(record, to: &$0) }
            return true
        }
    }
}
