/// An `application/x-www-form-urlencoded` body taken apart, so that it can be written as other programs would write the same.
struct FormText {
    private let pairs: [(name: [UInt8], value: [UInt8]?)]

    /// Nil where the bytes are no such form.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), bytes.contains(0x3d) else { return nil }
        pairs = bytes.split(separator: 0x26, omittingEmptySubsequences: false).map { pair in
            let parts = pair.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : nil)
        }
    }

    /// Those letters besides letters and digits that stand as they are; upper-case escapes or lower; the order of the fields.
    func text(plain: String, blank: String, upper: Bool, sorted: Bool) -> [UInt8] {
        let pairs = sorted ? pairs.sorted { $0.name.lexicographicallyPrecedes($1.name) } : pairs
        let kept = Set(plain.utf8)
        func encoded(_ bytes: [UInt8]) -> [UInt8] {
            bytes.flatMap { byte -> [UInt8] in
                let isPlain = byte &- 0x30 < 10 || byte &- 0x41 < 26 || byte &- 0x61 < 26 || kept.contains(byte)
                if isPlain { return [byte] }
                if byte == 0x20 { return Array(blank.utf8) }
                let digits = String(byte, radix: 16, uppercase: upper)
                return Array("%\(byte < 16 ? "0" : "")\(digits)".utf8)
            }
        }
        return Array(pairs.map { encoded($0.name) + ($0.value.map { [0x3d] + encoded($0) } ?? []) }.joined(separator: [0x26]))
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == 0x25, rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte == 0x2b ? 0x20 : byte)
            }
        }
        return result
    }
}
