/// Base 16 (RFC 4648 section 8): written in lower case, read in either.
public enum Hex {
    /// Decodes into `output` and returns how many bytes that made; nil where the text is malformed or `output` is too small.
    public static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = text.count / 2
        guard text.count % 2 == 0, count <= output.count else { return nil }
        for index in 0..<count {
            guard let high = value(text[2 * index]), let low = value(text[2 * index + 1]) else { return nil }
            output[index] = high << 4 | low
        }
        return count
    }

    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        var output = [UInt8](repeating: 0, count: digits.count / 2)
        let count = digits.withUnsafeBytes { source in output.withUnsafeMutableBytes { decode(source, into: $0) } }
        return count == nil ? nil : output
    }

    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    public static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

    public static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + 2 * bytes.count)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
    }

    public static func append(_ bytes: [UInt8], to text: inout [UInt8]) { bytes.withUnsafeBytes { append($0, to: &text) } }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// What one digit of either case stands for; nil for anything else.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
