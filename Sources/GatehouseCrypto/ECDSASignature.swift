/// An ECDSA signature on P-256: r and s, both in 1…n−1.
struct ECDSASignature {
    /// r and s, 32 bytes each.
    let raw: [UInt8]

    /// Strict DER (X.690 section 10): one length form, minimal integers, nothing behind; nil for anything else, and for r or s out of
    /// range.
    init?(der: UnsafeRawBufferPointer) {
        guard (8...72).contains(der.count), der[0] == 0x30, Int(der[1]) == der.count - 2 else { return nil }
        var raw: [UInt8] = []
        raw.reserveCapacity(64)
        var rest = der[2...]
        for _ in 0..<2 {
            guard rest.count >= 3, rest[rest.startIndex] == 0x02 else { return nil }
            let count = Int(rest[rest.startIndex + 1])
            guard (1...33).contains(count), rest.count >= 2 + count else { return nil }
            var digits = rest[rest.startIndex + 2..<rest.startIndex + 2 + count]
            rest = rest[digits.endIndex...]
            guard let first = digits.first, first < 0x80 else { return nil }
            if first == 0, count > 1 {
                digits = digits.dropFirst()
                guard let next = digits.first, next >= 0x80 else { return nil }
            }
            guard digits.count <= 32 else { return nil }
            raw.append(contentsOf: repeatElement(0, count: 32 - digits.count))
            raw.append(contentsOf: digits)
        }
        guard rest.isEmpty else { return nil }
        self.init(checked: raw)
    }

    init?(raw: UnsafeRawBufferPointer) {
        guard raw.count == 64 else { return nil }
        self.init(checked: Array(raw))
    }

    private init?(checked raw: [UInt8]) {
        for part in [raw[..<32], raw[32...]] {
            guard part.contains(where: { $0 != 0 }), part.lexicographicallyPrecedes(Self.order) else { return nil }
        }
        self.raw = raw
    }

    var der: [UInt8] {
        var body: [UInt8] = []
        for part in [raw[..<32], raw[32...]] { DER.appendInteger(part, to: &body) }
        return DER.wrap(0x30, body)
    }

    /// n of P-256 (SEC 2 section 2.4.2).
    private static let order: [UInt8] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ]
}
