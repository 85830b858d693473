/// `application/x-www-form-urlencoded` as anybody reads it who need not refuse it (WHATWG URL section 5.1): `%XX` and `+` are decoded, and
/// an escape that is malformed stands for itself.
public enum FormEncoding {
    /// Decodes a name or a value and returns its length.
    ///
    /// - Precondition: `output` has room for `text.count` bytes.
    public static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        var read = 0
        var written = 0
        while read < text.count {
            output[written] = next(text, &read)
            written += 1
        }
        return written
    }

    /// Whether one of the parameters of a query or a form has this name once it is decoded: `access%5Ftoken` is `access_token`.
    public static func has(_ name: [UInt8], in parameters: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < parameters.count {
            let rest = parameters[start...]
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? parameters.count
            let equals = parameters[start..<end].firstIndex(of: UInt8(ascii: "=")) ?? end
            if matches(UnsafeRawBufferPointer(rebasing: parameters[start..<equals]), name) { return true }
            start = end + 1
        }
        return false
    }

    private static func matches(_ text: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        var read = 0
        for byte in name {
            guard read < text.count, next(text, &read) == byte else { return false }
        }
        return read == text.count
    }

    /// The byte that stands at `position`, which moves behind it.
    private static func next(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> UInt8 {
        let byte = text[position]
        if byte == UInt8(ascii: "%"), text.count - position >= 3, let high = text[position + 1].hexValue,
            let low = text[position + 2].hexValue
        {
            position += 3
            return high << 4 | low
        }
        position += 1
        return byte == UInt8(ascii: "+") ? .space : byte
    }
}
