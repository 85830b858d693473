public import GatehouseTime

/// A line of a log taken apart by position, without decoding its JSON. Valid only as long as the bytes it was made of.
public struct LogLine {
    /// The line without its LF.
    public let bytes: UnsafeRawBufferPointer
    public let sequence: UInt64
    let timeStart: Int

    /// Bytes of `,"hash":"<64 hex>"}`.
    static let tail = 75
    /// Bytes of `,"previous":"<64 hex>"`, which stand before it.
    static let previousPart = 78

    /// Nil unless the line has the frame of a record: `{"seq":N,"time":"` … `,"previous":"<64>","hash":"<64>"}`, N without leading
    /// zeros. Whether its hash is right is another question.
    public init?(_ line: UnsafeRawBufferPointer) {
        guard line.count <= RecordLimit.line, line.has("{\"seq\":", at: 0) else { return nil }
        var position = 7
        var sequence: UInt64 = 0
        while position < line.count, position < 7 + 19, line[position] &- 0x30 < 10 {
            sequence = sequence * 10 + UInt64(line[position] - 0x30)
            position += 1
        }
        guard sequence > 0, line[7] != 0x30, line.has(",\"time\":\"", at: position) else { return nil }
        timeStart = position + 9
        let hashPart = line.count - Self.tail
        let previous = hashPart - Self.previousPart
        guard previous >= timeStart, line.has(",\"previous\":\"", at: previous), line.has("\",\"hash\":\"", at: hashPart - 1),
            line.has("\"}", at: line.count - 2)
        else { return nil }
        bytes = line
        self.sequence = sequence
    }

    /// What the hash is over.
    public var hashed: UnsafeRawBufferPointer { bytes.part(0..<bytes.count - Self.tail) }

    /// 64 characters.
    public var hashText: UnsafeRawBufferPointer { bytes.part(bytes.count - 66..<bytes.count - 2) }

    /// 64 characters.
    public var previousText: UnsafeRawBufferPointer { bytes.part(bytes.count - Self.tail - 65..<bytes.count - Self.tail - 1) }

    public var hash: SHA256Value? { SHA256Value(hex: hashText) }

    public var previous: SHA256Value? { SHA256Value(hex: previousText) }

    public var head: ChainHead? { hash.map { ChainHead(sequence: sequence, hash: $0) } }

    public var time: WallTime? {
        timeText.flatMap { WallTime(canonical: $0) ?? WallTime(rfc3339: $0) }
    }

    /// As the record has it.
    var timeText: UnsafeRawBufferPointer? { bytes.firstIndex(of: 0x22, from: timeStart).map { bytes.part(timeStart..<$0) } }

    /// `decision`, `token`, `admin`, `system`, or a later one.
    public var kind: UnsafeRawBufferPointer? { text("kind") }

    func isOfKind(_ name: StaticString) -> Bool { kind.map { $0.count == name.utf8CodeUnitCount && $0.has(name, at: 0) } ?? false }

    /// The raw text, still escaped, of the first member of that name, at whatever depth. Records use `kind`, `reference`, `endpoint`,
    /// `sender`, `decision`, `reason`, `key`, `remote`, `policy` and `original` once.
    public func text(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard let start = value(name), start < bytes.count, bytes[start] == 0x22 else { return nil }
        var end = start + 1
        while let quote = bytes.firstIndex(of: 0x22, from: end) {
            var slashes = 0
            while bytes[quote - 1 - slashes] == 0x5c { slashes += 1 }
            if slashes % 2 == 0 { return bytes.part(start + 1..<quote) }
            end = quote + 1
        }
        return nil
    }

    /// The first member of that name, where it is a whole number below 10^18. `answer` stands once in a record.
    public func number(_ name: StaticString) -> Int64? {
        guard var position = value(name) else { return nil }
        let negative = position < bytes.count && bytes[position] == 0x2d
        if negative { position += 1 }
        let start = position
        var value: Int64 = 0
        while position < bytes.count, position < start + 18, bytes[position] &- 0x30 < 10 {
            value = value * 10 + Int64(bytes[position] - 0x30)
            position += 1
        }
        return position > start ? (negative ? -value : value) : nil
    }

    /// Where the value of the member begins. A name within a text cannot be met: its quotes would be escaped.
    private func value(_ name: StaticString) -> Int? {
        var start = timeStart
        while let found = bytes.firstIndex(of: name, from: start) {
            let end = found + name.utf8CodeUnitCount
            if bytes[found - 1] == 0x22, bytes.has("\":", at: end), bytes[found - 2] == 0x2c || bytes[found - 2] == 0x7b { return end + 2 }
            start = found + 1
        }
        return nil
    }
}
