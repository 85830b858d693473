/// Finds values in a JSON text (RFC 8259) without decoding it. The whole text is checked, values off the paths too, so that a value is
/// only ever reported from a text that every strict reader reads the same way.
///
/// A member on a path that is named twice in one object ends the scan: readers disagree about which one counts. Nesting is bounded;
/// what is skipped needs no stack, so no input can exhaust it.
struct JSONScanner {
    enum Problem: Error, Sendable, Hashable {
        /// Not one JSON text, or not UTF-8.
        case notJSON
        case tooDeep
        /// A member on a path stands there twice.
        case repeated
    }

    enum Kind: Sendable, Hashable { case string, number, literal, null, container }

    /// A value's place in the text; of a string, what is between the quotes.
    struct Value: Sendable, Hashable {
        var kind: Kind
        var start: Int
        var end: Int
        var escaped: Bool
    }

    static let maximumDepth = 512

    private let bytes: UnsafeRawBufferPointer
    private let nodes: [JSONPaths.Node]
    private var position = 0
    private var escaped = false
    /// One bit a level, set for an object.
    private var levels = InlineArray<8, UInt64>(repeating: 0)

    /// Puts what is found under each path's slot; slots not found keep their nil.
    static func scan(_ bytes: UnsafeRawBufferPointer, paths: JSONPaths, into found: inout [Value?]) throws(Problem) {
        var scanner = JSONScanner(bytes: bytes, nodes: paths.nodes)
        scanner.skipBlanks()
        try scanner.value(at: 0, depth: 0, &found)
        scanner.skipBlanks()
        guard scanner.position == bytes.count else { throw .notJSON }
    }

    private init(bytes: UnsafeRawBufferPointer, nodes: [JSONPaths.Node]) {
        self.bytes = bytes
        self.nodes = nodes
    }

    // MARK: Values on a path. The recursion is as deep as the longest path in the policy, and no deeper than `maximumDepth`.

    private mutating func value(at node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) {
        let start = position
        let kind: Kind
        var value: Value
        switch peek {
        case UInt8(ascii: "{"):
            try object(at: node, depth: depth + 1, &found)
            value = Value(kind: .container, start: start, end: position, escaped: false)
        case UInt8(ascii: "["):
            try array(at: node, depth: depth + 1, &found)
            value = Value(kind: .container, start: start, end: position, escaped: false)
        case UInt8(ascii: "\""):
            try string()
            value = Value(kind: .string, start: start + 1, end: position - 1, escaped: escaped)
        default:
            kind = try scalar()
            value = Value(kind: kind, start: start, end: position, escaped: false)
        }
        if let slot = nodes[node].slot { found[slot] = value }
    }

    private mutating func object(at node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "}")) { return }
        var seen: UInt64 = 0
        var seenBeyond: Set<Int> = []
        while true {
            guard peek == UInt8(ascii: "\"") else { throw .notJSON }
            let start = position + 1
            try string()
            let child = index(ofChildNamed: start, position - 1, escaped: escaped, in: node)
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw .notJSON }
            skipBlanks()
            if let child {
                let isNew: Bool
                if child < 64 {
                    isNew = seen & 1 << UInt64(child) == 0
                    seen |= 1 << UInt64(child)
                } else {
                    isNew = seenBeyond.insert(child).inserted
                }
                guard isNew else { throw .repeated }
                try value(at: nodes[node].children[child].node, depth: depth, &found)
            } else {
                try skipValue(depth: depth)
            }
            skipBlanks()
            if take(UInt8(ascii: "}")) { return }
            guard take(UInt8(ascii: ",")) else { throw .notJSON }
            skipBlanks()
        }
    }

    private mutating func array(at node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "]")) { return }
        var index = 0
        while true {
            if let child = nodes[node].children.first(where: { $0.position == index }) {
                try value(at: child.node, depth: depth, &found)
            } else {
                try skipValue(depth: depth)
            }
            index += 1
            skipBlanks()
            if take(UInt8(ascii: "]")) { return }
            guard take(UInt8(ascii: ",")) else { throw .notJSON }
            skipBlanks()
        }
    }

    private func index(ofChildNamed start: Int, _ end: Int, escaped: Bool, in node: Int) -> Int? {
        let children = nodes[node].children
        if children.isEmpty { return nil }
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        if !escaped { return children.firstIndex { $0.name.count == name.count && $0.name.elementsEqual(name) } }
        return withUnsafeTemporaryAllocation(byteCount: max(name.count, 1), alignment: 1) { buffer in
            guard let count = JSONText.unescape(name, into: buffer) else { return nil }
            return children.firstIndex { $0.name.elementsEqual(buffer[..<count]) }
        }
    }

    // MARK: Values off every path

    private mutating func skipValue(depth: Int) throws(Problem) {
        var level = depth
        while true {
            switch peek {
            case UInt8(ascii: "{"):
                level += 1
                guard level <= Self.maximumDepth else { throw .tooDeep }
                setLevel(level, isObject: true)
                position += 1
                skipBlanks()
                if peek != UInt8(ascii: "}") {
                    try memberName()
                    continue
                }
            case UInt8(ascii: "["):
                level += 1
                guard level <= Self.maximumDepth else { throw .tooDeep }
                setLevel(level, isObject: false)
                position += 1
                skipBlanks()
                if peek != UInt8(ascii: "]") { continue }
            case UInt8(ascii: "\""):
                try string()
            default:
                _ = try scalar()
            }
            // A value has ended, or an empty container is about to: close what closes here.
            while true {
                if level == depth { return }
                skipBlanks()
                let isObject = isObject(level)
                if take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    level -= 1
                    continue
                }
                guard take(UInt8(ascii: ",")) else { throw .notJSON }
                skipBlanks()
                if isObject { try memberName() }
                break
            }
        }
    }

    private mutating func memberName() throws(Problem) {
        guard peek == UInt8(ascii: "\"") else { throw .notJSON }
        try string()
        skipBlanks()
        guard take(UInt8(ascii: ":")) else { throw .notJSON }
        skipBlanks()
    }

    /// - Precondition: `1 <= level <= maximumDepth`.
    private mutating func setLevel(_ level: Int, isObject: Bool) {
        let bit: UInt64 = 1 << UInt64((level - 1) & 63)
        if isObject { levels[(level - 1) >> 6] |= bit } else { levels[(level - 1) >> 6] &= ~bit }
    }

    private func isObject(_ level: Int) -> Bool { levels[(level - 1) >> 6] >> UInt64((level - 1) & 63) & 1 == 1 }

    // MARK: Tokens

    /// 0 at the end, which no token begins with.
    private var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    /// From the opening quote to behind the closing one; `escaped` says whether there was a backslash.
    private mutating func string() throws(Problem) {
        position += 1
        escaped = false
        while true {
            skipPlain()
            guard position < bytes.count else { throw .notJSON }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                try escape()
            } else if byte >= 0x80 {
                try multibyte()
            } else if byte < 0x20 {
                throw .notJSON
            } else {
                position += 1
            }
        }
    }

    /// Eight bytes at a time past everything that is neither quote, backslash, control character nor beyond ASCII.
    ///
    /// The subtractions borrow only from a byte that is itself a hit, so the lowest marked byte is always a true one.
    private mutating func skipPlain() {
        while bytes.count - position >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5c5c_5c5c_5c5c_5c5c
            let marks =
                ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
                    | (word &- 0x2020_2020_2020_2020) & ~word | word) & 0x8080_8080_8080_8080
            if marks != 0 {
                position += marks.trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
    }

    private mutating func escape() throws(Problem) {
        guard bytes.count - position >= 2 else { throw .notJSON }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard bytes.count - position >= 6, JSONText.hexUnit(bytes, at: position + 2) != nil else { throw .notJSON }
            position += 6
        default:
            throw .notJSON
        }
    }

    /// One sequence of RFC 3629: no surrogates, nothing overlong, nothing beyond U+10FFFF.
    private mutating func multibyte() throws(Problem) {
        let first = bytes[position]
        let count: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        switch first {
        case 0xc2...0xdf: count = 2
        case 0xe0: (count, low) = (3, 0xa0)
        case 0xed: (count, high) = (3, 0x9f)
        case 0xe1...0xef: count = 3
        case 0xf0: (count, low) = (4, 0x90)
        case 0xf4: (count, high) = (4, 0x8f)
        case 0xf1...0xf3: count = 4
        default: throw .notJSON
        }
        guard bytes.count - position >= count, low <= bytes[position + 1], bytes[position + 1] <= high else { throw .notJSON }
        for offset in 2..<max(count, 2) where bytes[position + offset] & 0xc0 != 0x80 { throw .notJSON }
        position += count
    }

    private mutating func scalar() throws(Problem) -> Kind {
        switch peek {
        case UInt8(ascii: "t"): return try word("true", .literal)
        case UInt8(ascii: "f"): return try word("false", .literal)
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw .notJSON
        }
    }

    private mutating func word(_ text: StaticString, _ kind: Kind) throws(Problem) -> Kind {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { throw .notJSON }
        for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { throw .notJSON }
        position += count
        return kind
    }

    private mutating func number() throws(Problem) -> Kind {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return .number
    }

    private mutating func digits() throws(Problem) {
        let start = position
        while 0x30 <= peek, peek <= 0x39 { position += 1 }
        guard position > start else { throw .notJSON }
    }
}
