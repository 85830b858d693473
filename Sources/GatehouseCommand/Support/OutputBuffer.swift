/// Lines for standard output, written in pieces: an answer may have millions.
struct OutputBuffer: ~Copyable {
    private var bytes: [UInt8] = []
    private let pager: Pager?

    /// - Parameter pager: takes the lines in the place of standard output.
    init(to pager: Pager? = nil) {
        self.pager = pager
        bytes.reserveCapacity(Self.limit + 4_096)
    }

    deinit { Self.hand(bytes, to: pager) }

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
        Self.hand(bytes, to: pager)
        bytes.removeAll(keepingCapacity: true)
    }

    private static func hand(_ bytes: [UInt8], to pager: Pager?) {
        if let pager { pager.take(bytes) } else { Terminal.say(bytes: bytes) }
    }

    private static let limit = 65_536
}
