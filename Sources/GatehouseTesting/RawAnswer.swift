/// An answer as it came, read by a parser of its own that shares nothing with the gateway's.
public struct RawAnswer: Sendable {
    public var status: Int
    public var fields: [(name: String, value: String)]
    public var body: [UInt8]

    /// The first field of that name, in any case.
    public subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

    public func values(_ name: String) -> [String] { fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value) }

    public var reference: String? { self["gatehouse-reference"] }
    public var text: String { String(decoding: body, as: UTF8.self) }
    /// The connection ends with it.
    public var closes: Bool { self["connection"] == "close" }

    /// An RFC 9457 body that says the status, names the reference and nothing else.
    public var isProblem: Bool {
        guard self["content-type"] == "application/problem+json", let reference else { return false }
        let parts = ["{\"type\":\"about:blank\",\"title\":\"", "\",\"status\":\(status),\"reference\":\"\(reference)\"}\n"]
        guard text.hasPrefix(parts[0]), text.hasSuffix(parts[1]) else { return false }
        return !text.dropFirst(parts[0].count).dropLast(parts[1].count).contains("\"")
    }

    struct Malformed: Error {
        var text: String
    }

    /// Takes one answer off the front of `bytes`; nil while it is not whole.
    static func take(from bytes: inout [UInt8], toHead: Bool = false) throws -> RawAnswer? {
        guard let end = bytes.firstRange(of: [13, 10, 13, 10]) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let start = lines[0].split(separator: " ", maxSplits: 2)
        guard start.count >= 2, start[0] == "HTTP/1.1", let status = Int(start[1]) else { throw Malformed(text: String(lines[0])) }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Malformed(text: String(line)) }
            fields.append((String(parts[0]), String(parts[1].drop { $0 == " " })))
        }
        var answer = RawAnswer(status: status, fields: fields, body: [])
        let hasBody = !toHead && status >= 200 && status != 204 && status != 304
        guard let length = hasBody ? Int(answer["content-length"] ?? "") : 0 else { throw Malformed(text: "no length in \(lines)") }
        guard bytes.count - end.upperBound >= length else { return nil }
        answer.body = Array(bytes[end.upperBound..<(end.upperBound + length)])
        bytes.removeFirst(end.upperBound + length)
        return answer
    }
}
