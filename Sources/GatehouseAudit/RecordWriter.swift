/// Appends the pieces of a record to an array of bytes, by way of a small buffer on the stack: a record has some fifty pieces, and each
/// would otherwise check the array anew. No `String` is made on the way.
struct RecordWriter: ~Copyable {
    static let bufferBytes = 1_024

    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var used = 0
    private let output: UnsafeMutablePointer<[UInt8]>

    fileprivate init(buffer: UnsafeMutableBufferPointer<UInt8>, output: UnsafeMutablePointer<[UInt8]>) {
        self.buffer = buffer
        self.output = output
    }

    mutating func append(_ byte: UInt8) {
        makeRoom(1)
        buffer[used] = byte
        used += 1
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count <= Self.bufferBytes else {
            flush()
            output.pointee.append(contentsOf: bytes)
            return
        }
        makeRoom(bytes.count)
        guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
        (target + used).update(from: source, count: bytes.count)
        used += bytes.count
    }

    mutating func append(_ literal: StaticString) {
        append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    mutating func append(decimal value: UInt64) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        makeRoom(20)
        while divisor > 0 {
            buffer[used] = UInt8(truncatingIfNeeded: 0x30 + value / divisor % 10)
            used += 1
            divisor /= 10
        }
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// With leading zeros.
    mutating func append(decimal value: Int, digits: Int) {
        makeRoom(digits)
        var rest = value
        for index in stride(from: used + digits - 1, through: used, by: -1) {
            buffer[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        }
        used += digits
    }

    mutating func append(hex value: UInt64) {
        makeRoom(16)
        for index in 0..<16 {
            buffer[used + index] = Self.hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15)
        }
        used += 16
    }

    mutating func append(hex value: SHA256Value) {
        makeRoom(64)
        value.withUnsafeBytes { bytes in
            for index in 0..<32 {
                let byte = bytes[index]
                buffer[used + 2 * index] = Self.hexDigit(byte >> 4)
                buffer[used + 2 * index + 1] = Self.hexDigit(byte & 15)
            }
        }
        used += 64
    }

    mutating func append(_ reference: Reference) {
        makeRoom(26)
        var (high, low) = (reference.high, reference.low)
        for index in stride(from: used + 25, through: used, by: -1) {
            buffer[index] = Reference.digit(UInt8(truncatingIfNeeded: low) & 31)
            low = low >> 5 | high << 59
            high >>= 5
        }
        used += 26
    }

    mutating func append(_ name: StaticString, text: String, limit: Int = RecordLimit.name) {
        append(name)
        append(text: text, limit: limit)
    }

    mutating func append(list: [String], most: Int = RecordLimit.items) {
        append("[")
        var first = true
        for item in list.prefix(most) {
            if !first { append(",") }
            first = false
            append(text: item, limit: RecordLimit.name)
        }
        append("]")
    }

    /// Without a branch: the letters start 39 places after the digits end.
    static func hexDigit(_ value: UInt8) -> UInt8 { 0x30 &+ value &+ (((9 &- value) >> 7) &* 39) }

    private mutating func makeRoom(_ count: Int) {
        if used + count > Self.bufferBytes { flush() }
    }

    fileprivate mutating func flush() {
        output.pointee.append(contentsOf: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<used]))
        used = 0
    }
}

extension [UInt8] {
    /// Appends what `body` writes.
    mutating func write(_ body: (inout RecordWriter) -> Void) {
        withUnsafeMutablePointer(to: &self) { output in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: RecordWriter.bufferBytes) { buffer in
                var writer = RecordWriter(buffer: buffer, output: output)
                body(&writer)
                writer.flush()
            }
        }
    }
}
