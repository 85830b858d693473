/// Base64 (RFC 4648), read strictly: nothing outside the alphabet, no line breaks, no loose final bits, so that a value has one spelling.
public enum Base64 {
    public enum Alphabet: Sendable, Hashable { case standard, url }
    /// What a reader takes at the end. `optional`: all of it or none.
    public enum Padding: Sendable, Hashable { case optional, required, forbidden }

    /// Decodes into `output` and returns how many bytes that made; nil where the text is malformed or `output` is too small.
    public static func decode(
        _ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, alphabet: Alphabet = .standard,
        padding: Padding = .optional
    ) -> Int? {
        guard let count = unpaddedCount(text, padding) else { return nil }
        let decodedCount = count / 4 * 3 + max(count % 4 - 1, 0)
        guard decodedCount <= output.count else { return nil }
        let table = alphabet == .standard ? standardValues : urlValues
        var accumulator: UInt32 = 0
        var bits = 0
        var written = 0
        for index in 0..<count {
            let value = table[Int(text[index])]
            guard value < 64 else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output[written] = UInt8(truncatingIfNeeded: accumulator >> UInt32(bits))
                written += 1
            }
        }
        guard accumulator & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return written
    }

    public static func decode(_ text: some StringProtocol, alphabet: Alphabet = .standard, padding: Padding = .optional) -> [UInt8]? {
        decode(Array(text.utf8), alphabet: alphabet, padding: padding)
    }

    public static func decode(_ text: [UInt8], alphabet: Alphabet = .standard, padding: Padding = .optional) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
        let count = text.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { decode(source, into: $0, alphabet: alphabet, padding: padding) }
        }
        guard let count else { return nil }
        output.removeLast(output.count - count)
        return output
    }

    public static func encode(_ bytes: UnsafeRawBufferPointer, alphabet: Alphabet = .standard, padded: Bool = true) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text, alphabet: alphabet, padded: padded)
        return String(decoding: text, as: UTF8.self)
    }

    public static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard, padded: Bool = true) -> String {
        bytes.withUnsafeBytes { encode($0, alphabet: alphabet, padded: padded) }
    }

    public static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8], alphabet: Alphabet = .standard, padded: Bool = true)
    {
        guard !bytes.isEmpty else { return }
        let digits = alphabet == .standard ? standardDigits : urlDigits
        let full = bytes.count / 3
        let rest = bytes.count - 3 * full
        let count = full * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1)
        // In place: a copy elsewhere would have to be wiped where the bytes are a secret's.
        let start = text.count
        text.append(contentsOf: repeatElement(0, count: count))
        text.withUnsafeMutableBufferPointer { text in
            digits.withUnsafeBufferPointer { digits in
                let output = UnsafeMutableBufferPointer(rebasing: text[start...])
                for group in 0..<full {
                    let value = UInt32(bytes[3 * group]) << 16 | UInt32(bytes[3 * group + 1]) << 8 | UInt32(bytes[3 * group + 2])
                    output[4 * group] = digits[Int(value >> 18)]
                    output[4 * group + 1] = digits[Int(value >> 12 & 63)]
                    output[4 * group + 2] = digits[Int(value >> 6 & 63)]
                    output[4 * group + 3] = digits[Int(value & 63)]
                }
                guard rest > 0 else { return }
                let value = UInt32(bytes[3 * full]) << 16 | (rest == 2 ? UInt32(bytes[3 * full + 1]) << 8 : 0)
                output[4 * full] = digits[Int(value >> 18)]
                output[4 * full + 1] = digits[Int(value >> 12 & 63)]
                if rest == 2 { output[4 * full + 2] = digits[Int(value >> 6 & 63)] }
                if padded { for index in (4 * full + rest + 1)..<count { output[index] = UInt8(ascii: "=") } }
            }
        }
    }

    public static func append(_ bytes: [UInt8], to text: inout [UInt8], alphabet: Alphabet = .standard, padded: Bool = true) {
        bytes.withUnsafeBytes { append($0, to: &text, alphabet: alphabet, padded: padded) }
    }

    /// Characters before the padding; nil where the padding is not as asked for, or no whole number of bytes has that many.
    private static func unpaddedCount(_ text: UnsafeRawBufferPointer, _ padding: Padding) -> Int? {
        var count = text.count
        while count > 0, text.count - count < 2, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        let signs = text.count - count
        guard count % 4 != 1 else { return nil }
        let needed = (4 - count % 4) % 4
        switch padding {
        case .required where signs != needed, .forbidden where signs != 0, .optional where signs != 0 && signs != needed: return nil
        default: return count
        }
    }

    private static let standardDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let standardValues = values(standardDigits)
    private static let urlValues = values(urlDigits)

    private static func values(_ digits: [UInt8]) -> [UInt8] {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { table[Int(digit)] = UInt8(value) }
        return table
    }
}
