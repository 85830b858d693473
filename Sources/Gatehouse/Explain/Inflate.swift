/// Undoes gzip (RFC 1952), zlib (RFC 1950) and deflate (RFC 1951), for bodies that were compressed after they were signed. Bounded, and only
/// for requests that an operator looks at.
struct Inflate {
    static let mostBytes = 8 << 20

    /// Nil where the bytes are none of the three, are damaged, or would become larger than ``mostBytes``. Checksums are not looked at: the
    /// signature is the better one.
    static func decompress(_ bytes: [UInt8]) -> [UInt8]? {
        if bytes.starts(with: [0x1f, 0x8b, 8]) { return gzipStart(bytes).flatMap { inflate(bytes[$0...]) } }
        if bytes.count > 2, bytes[0] & 0x0f == 8, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0, bytes[1] & 0x20 == 0,
            let plain = inflate(bytes[2...])
        {
            return plain
        }
        return inflate(bytes[...])
    }

    /// Where the deflated data of a gzip member begin.
    private static func gzipStart(_ bytes: [UInt8]) -> Int? {
        guard bytes.count > 10 else { return nil }
        let flags = bytes[3]
        var position = 10
        if flags & 4 != 0 {
            guard position + 2 <= bytes.count else { return nil }
            position += 2 + Int(bytes[position]) + Int(bytes[position + 1]) << 8
        }
        for flag in [8, 16] as [UInt8] where flags & flag != 0 {
            guard position < bytes.count, let end = bytes[position...].firstIndex(of: 0) else { return nil }
            position = end + 1
        }
        if flags & 2 != 0 { position += 2 }
        return position < bytes.count ? position : nil
    }

    private static func inflate(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var inflate = Inflate(input: bytes)
        return inflate.run() ? inflate.output : nil
    }

    private var input: ArraySlice<UInt8>
    private var output: [UInt8] = []
    private var bits: UInt32 = 0
    private var count = 0

    private init(input: ArraySlice<UInt8>) { self.input = input }

    private mutating func run() -> Bool {
        while true {
            guard let last = take(1), let kind = take(2) else { return false }
            switch kind {
            case 0: guard stored() else { return false }
            case 1: guard let codes = Codes.fixed, block(codes.literals, codes.distances) else { return false }
            case 2: guard let codes = dynamic(), block(codes.literals, codes.distances) else { return false }
            default: return false
            }
            if last == 1 { return true }
        }
    }

    private mutating func take(_ wanted: Int) -> Int? {
        while count < wanted {
            guard let byte = input.popFirst() else { return nil }
            bits |= UInt32(byte) << UInt32(count)
            count += 8
        }
        let value = bits & ((1 << UInt32(wanted)) - 1)
        bits >>= UInt32(wanted)
        count -= wanted
        return Int(value)
    }

    private mutating func stored() -> Bool {
        (bits, count) = (0, 0)
        guard input.count >= 4 else { return false }
        let head = Array(input.prefix(4))
        let length = Int(head[0]) | Int(head[1]) << 8
        guard length ^ 0xffff == Int(head[2]) | Int(head[3]) << 8, input.count >= 4 + length, output.count + length <= Self.mostBytes else {
            return false
        }
        output += input.dropFirst(4).prefix(length)
        input = input.dropFirst(4 + length)
        return true
    }

    private mutating func block(_ literals: Huffman, _ distances: Huffman) -> Bool {
        while true {
            guard let symbol = decode(literals) else { return false }
            switch symbol {
            case 0..<256:
                guard output.count < Self.mostBytes else { return false }
                output.append(UInt8(symbol))
            case 256: return true
            default:
                let index = symbol - 257
                guard index < Codes.lengths.count, let more = take(Codes.lengthBits[index]), let code = decode(distances),
                    code < Codes.distances.count, let further = take(Codes.distanceBits[code])
                else { return false }
                let length = Codes.lengths[index] + more
                let distance = Codes.distances[code] + further
                guard distance <= output.count, output.count + length <= Self.mostBytes else { return false }
                for _ in 0..<length { output.append(output[output.count - distance]) }
            }
        }
    }

    private mutating func dynamic() -> Codes? {
        guard let literals = take(5), let distances = take(5), let lengths = take(4) else { return nil }
        var order = [Int](repeating: 0, count: 19)
        for index in 0..<lengths + 4 {
            guard let length = take(3) else { return nil }
            order[Codes.order[index]] = length
        }
        guard let code = Huffman(order) else { return nil }
        let total = literals + 257 + distances + 1
        var all: [Int] = []
        while all.count < total {
            guard let symbol = decode(code) else { return nil }
            switch symbol {
            case 0..<16: all.append(symbol)
            case 16:
                guard let before = all.last, let more = take(2) else { return nil }
                all += [Int](repeating: before, count: 3 + more)
            case 17:
                guard let more = take(3) else { return nil }
                all += [Int](repeating: 0, count: 3 + more)
            default:
                guard let more = take(7) else { return nil }
                all += [Int](repeating: 0, count: 11 + more)
            }
        }
        guard all.count == total, let first = Huffman(Array(all[..<(literals + 257)])),
            let second = Huffman(Array(all[(literals + 257)...]))
        else {
            return nil
        }
        return Codes(literals: first, distances: second)
    }

    /// Bit by bit, by the count of codes of each length (RFC 1951 section 3.2.2).
    private mutating func decode(_ code: Huffman) -> Int? {
        var (value, first, index) = (0, 0, 0)
        for length in 1...15 {
            guard let bit = take(1) else { return nil }
            value |= bit
            let count = code.counts[length]
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        return nil
    }

    private struct Huffman {
        /// Codes of each length, 0 to 15.
        var counts = [Int](repeating: 0, count: 16)
        /// In the order of their codes.
        var symbols: [Int] = []

        /// Nil where the lengths are those of more codes than there can be.
        init?(_ lengths: [Int]) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            var left = 1
            for length in 1...15 {
                left = left << 1 - counts[length]
                guard left >= 0 else { return nil }
            }
            symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        }
    }

    private struct Codes {
        var literals: Huffman
        var distances: Huffman

        static var fixed: Codes? {
            let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
            guard let literals = Huffman(lengths), let distances = Huffman([Int](repeating: 5, count: 30)) else { return nil }
            return Codes(literals: literals, distances: distances)
        }

        static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        static let lengths = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
        ]
        static let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
        static let distances = [
            1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1_025, 1_537, 2_049, 3_073, 4_097, 6_145, 8_193,
            12_289, 16_385, 24_577,
        ]
        static let distanceBits = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
    }
}
