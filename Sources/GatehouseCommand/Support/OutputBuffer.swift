/// Lines for standard output, written in pieces: an answer may have millions.
struct OutputBuffer: ~Copyable {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(Self.limit + 4_096) }

    deinit { Terminal.say(bytes: bytes) }

    mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        end()
    }

    mutating func line(_ text: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: text)
        end()
    }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func append(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    mutating func end() {
        bytes.append(0x0a)
        if bytes.count >= Self.limit { flush() }
    }

    mutating func flush() {
        Terminal.say(bytes: bytes)
        bytes.removeAll(keepingCapacity: true)
    }

    private static let limit = 65_536
}
