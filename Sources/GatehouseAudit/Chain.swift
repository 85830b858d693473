internal import GatehouseCrypto
public import GatehouseTime

/// Makes lines of a log out of records, each bound to the one before it by its hash. One owner writes with it.
public struct Chain {
    public private(set) var head: ChainHead
    private let node: [UInt8]
    private let hasher: Hasher
    private var time = TimeText()

    /// - Parameter node: the name of the machine or instance that writes.
    public init(node: String, head: ChainHead = .empty) {
        self.head = head
        var part: [UInt8] = []
        part.write { writer in
            writer.append("\",\"node\":", text: node)
            writer.append(",")
        }
        self.node = part
        hasher = Hasher.ofRecords()
    }

    /// Appends one whole line, LF included, and makes it the head:
    /// `{"seq":N,"time":"…","node":"…",` members `,"previous":"…","hash":"…"}`. The hash is over the line's bytes before `,"hash":`.
    ///
    /// - Parameter members: what a record's `encode(into:)` appended.
    public mutating func finish(_ members: [UInt8], time moment: WallTime, into output: inout [UInt8]) {
        let start = output.count
        output.write { writer in
            writer.append("{\"seq\":")
            writer.append(decimal: head.sequence + 1)
            writer.append(",\"time\":\"")
            time.append(moment, to: &writer)
            node.withUnsafeBufferPointer { writer.append($0) }
            members.withUnsafeBufferPointer { writer.append($0) }
            writer.append(",\"previous\":\"")
            writer.append(hex: head.hash)
            writer.append("\"")
        }
        hasher.start()
        output.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        head = ChainHead(sequence: head.sequence + 1, hash: hasher.finishSHA256())
        output.write { writer in
            writer.append(",\"hash\":\"")
            writer.append(hex: head.hash)
            writer.append("\"}\n")
        }
    }

    /// Goes back to an earlier head: what came after it never was in the log.
    public mutating func rewind(to earlier: ChainHead) { head = earlier }
}

/// Renders times of records, which mostly fall into the same second as the one before.
private struct TimeText {
    private var second = Int64.min
    /// `2026-11-24T02:01:02.`
    private var text: [UInt8] = []

    mutating func append(_ time: WallTime, to output: inout RecordWriter) {
        if time.seconds != second || text.isEmpty {
            text.removeAll(keepingCapacity: true)
            time.append(to: &text)
            text.removeLast(7)
            second = time.seconds
        }
        text.withUnsafeBufferPointer { output.append($0) }
        let fraction = Int(truncatingIfNeeded: time.microseconds % 1_000_000)
        output.append(decimal: fraction < 0 ? fraction + 1_000_000 : fraction, digits: 6)
        output.append("Z")
    }
}
