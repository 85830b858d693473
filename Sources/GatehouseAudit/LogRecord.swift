public import GatehouseTime

/// A record as readers see it: decoded, whatever its kind. Whether its hash is right is the verifier's question.
public struct LogRecord: Sendable, Hashable {
    public let sequence: UInt64
    public let time: WallTime
    public let node: String
    public let kind: String
    public let previous: SHA256Value
    public let hash: SHA256Value
    /// The whole record, an object.
    public let value: RecordValue

    /// Decodes a line, with or without its LF; nil where it is no record.
    public init?(line: UnsafeRawBufferPointer) {
        var line = line
        if line.last == 0x0a { line = line.part(0..<line.count - 1) }
        guard let frame = LogLine(line), let value = RecordValue(json: line), let time = frame.time, let hash = frame.hash,
            let previous = frame.previous, let node = value["node"]?.string, let kind = value["kind"]?.string
        else { return nil }
        sequence = frame.sequence
        self.time = time
        self.node = node
        self.kind = kind
        self.previous = previous
        self.hash = hash
        self.value = value
    }

    /// Nil where the line is not the record of a deletion of old segments.
    public init?(retention line: LogLine) {
        guard line.isOfKind("system"), line.text("action").map({ $0.elementsEqual(SystemRecord.Event.retention.rawValue.utf8) }) == true
        else { return nil }
        self.init(line: line.bytes)
    }

    public var head: ChainHead { ChainHead(sequence: sequence, hash: hash) }

    public var reference: Reference? { value["reference"]?.string.flatMap { Reference($0) } }
    public var endpoint: String? { value["endpoint"]?.string }
    public var sender: String? { value["sender"]?.string }
    public var decision: String? { value["decision"]?.string }
    public var reason: String? { value["reason"]?.string }
    public var answer: Int? { value["answer"]?.integer.map { Int(clamping: $0) } }
    public var remote: String? { value["remote"]?.string }
    public var policy: String? { value["policy"]?.string }
    public var skew: Int64? { value["skew_ms"]?.integer }
    /// Of a genuine signature's time.
    public var signedAt: WallTime? { skew.map { time - .milliseconds($0) } }
    /// How many requests the record stands for.
    public var requests: Int? { value["requests"]?.integer.map { Int(clamping: $0) } }
    /// Of decisions: what exactly was wrong.
    public var detail: String? { value["detail"]?.string }
    public var original: Reference? { value["original"]?.string.flatMap { Reference($0) } }

    /// Of system and token records: what was done. Decisions have ``event``.
    public var action: String? { value["action"]?.string }

    public var checks: [DecisionRecord.Check] {
        (value["checks"]?.array ?? []).compactMap { item in
            guard let check = item["check"]?.string, let result = item["result"]?.string else { return nil }
            return DecisionRecord.Check(
                check: check, scheme: item["scheme"]?.string, client: item["client"]?.string,
                version: item["version"]?.integer.map { Int(clamping: $0) }, token: item["token"]?.string, result: result)
        }
    }

    /// Of decisions.
    public var event: DecisionRecord.Event? {
        guard let event = value["event"], event.members != nil else { return nil }
        return DecisionRecord.Event(
            id: event["id"]?.string, type: event["type"]?.string, key: event["key"]?.string.flatMap { DecisionRecord.Event.Key(hex: $0) })
    }

    public var body: DecisionRecord.Body? {
        guard let body = value["body"], let bytes = body["bytes"]?.integer else { return nil }
        return DecisionRecord.Body(bytes: Int(clamping: bytes), sha256: body["sha256"]?.string.flatMap { SHA256Value(hex: $0) })
    }
}

extension DecisionRecord.Event.Key {
    /// 32 hexadecimal digits; nil for anything else.
    public init?(hex text: some StringProtocol) {
        let digits = text.utf8
        guard digits.count == 32, digits.allSatisfy({ $0 &- 0x30 < 10 || $0 &- 0x61 < 6 }),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    public init?(hex text: UnsafeRawBufferPointer) { self.init(hex: String(decoding: text, as: UTF8.self)) }
}
