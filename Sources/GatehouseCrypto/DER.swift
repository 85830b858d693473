/// The little of DER (X.690) that is written here rather than by OpenSSL.
enum DER {
    static func wrap(_ tag: UInt8, _ body: [UInt8]) -> [UInt8] {
        var bytes = [tag]
        if body.count < 0x80 {
            bytes.append(UInt8(body.count))
        } else {
            var digits: [UInt8] = []
            var rest = body.count
            while rest > 0 {
                digits.insert(UInt8(rest & 0xff), at: 0)
                rest >>= 8
            }
            bytes.append(0x80 | UInt8(digits.count))
            bytes.append(contentsOf: digits)
        }
        bytes.append(contentsOf: body)
        return bytes
    }

    /// An INTEGER from an unsigned number, most significant byte first.
    static func appendInteger(_ number: some Collection<UInt8>, to bytes: inout [UInt8]) {
        var digits = Array(number.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        bytes.append(contentsOf: wrap(0x02, digits))
    }
}
