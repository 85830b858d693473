/// Finds values in a JSON text (RFC 8259) without decoding it. The whole text is checked, values off the paths too, so that a value is
/// only ever reported from a text that every strict reader reads the same way.
///
/// A member on a path that is named twice in one object ends the scan: readers disagree about which one counts. Nesting is bounded;
/// what is skipped needs no stack, so no input can exhaust it.
///
/// Every function takes the position it starts at and returns the one behind what it read, so that positions stay in registers.
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

    // Every load is behind a comparison with `count`.
    private let base: UnsafeRawPointer
    private let count: Int
    private let nodes: [JSONPaths.Node]

    /// Puts what is found under each path's slot; slots not found keep their nil. After a problem, what was put there counts for nothing.
    static func scan(_ bytes: UnsafeRawBufferPointer, paths: JSONPaths, into found: inout [Value?]) throws(Problem) {
        guard let base = bytes.baseAddress else { throw .notJSON }
        let scanner = JSONScanner(base: base, count: bytes.count, nodes: paths.nodes)
        let end = try scanner.value(scanner.blanks(0), node: 0, depth: 0, &found)
        guard scanner.blanks(end) == scanner.count else { throw .notJSON }
    }

    private init(base: UnsafeRawPointer, count: Int, nodes: [JSONPaths.Node]) {
        self.base = base
        self.count = count
        self.nodes = nodes
    }

    private var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    // MARK: Values on a path. The recursion is as deep as the longest path in the policy, and no deeper than `maximumDepth`.

    private func value(_ start: Int, node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) -> Int {
        let value: Value
        let end: Int
        switch byte(start) {
        case UInt8(ascii: "{"):
            end = try object(start, node: node, depth: depth + 1, &found)
            value = Value(kind: .container, start: start, end: end, escaped: false)
        case UInt8(ascii: "["):
            end = try array(start, node: node, depth: depth + 1, &found)
            value = Value(kind: .container, start: start, end: end, escaped: false)
        case UInt8(ascii: "\""):
            var escaped = false
            end = try string(start, &escaped)
            value = Value(kind: .string, start: start + 1, end: end - 1, escaped: escaped)
        default:
            var kind = Kind.null
            end = try scalar(start, &kind)
            value = Value(kind: kind, start: start, end: end, escaped: false)
        }
        if let slot = nodes[node].slot { found[slot] = value }
        return end
    }

    private func object(_ start: Int, node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) -> Int {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        var position = blanks(start + 1)
        if byte(position) == UInt8(ascii: "}") { return position + 1 }
        var seen: UInt64 = 0
        var seenBeyond: Set<Int> = []
        while true {
            guard byte(position) == UInt8(ascii: "\"") else { throw .notJSON }
            let name = position + 1
            var escaped = false
            position = try string(position, &escaped)
            let child = index(ofChildNamed: name, position - 1, escaped: escaped, in: node)
            position = try colon(position)
            if let child {
                let isNew: Bool
                if child < 64 {
                    isNew = seen & 1 << UInt64(child) == 0
                    seen |= 1 << UInt64(child)
                } else {
                    isNew = seenBeyond.insert(child).inserted
                }
                guard isNew else { throw .repeated }
                position = try value(position, node: nodes[node].children[child].node, depth: depth, &found)
            } else {
                position = try skipValue(position, depth: depth)
            }
            position = blanks(position)
            if byte(position) == UInt8(ascii: "}") { return position + 1 }
            guard byte(position) == UInt8(ascii: ",") else { throw .notJSON }
            position = blanks(position + 1)
        }
    }

    private func array(_ start: Int, node: Int, depth: Int, _ found: inout [Value?]) throws(Problem) -> Int {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        var position = blanks(start + 1)
        if byte(position) == UInt8(ascii: "]") { return position + 1 }
        var index = 0
        while true {
            if let child = nodes[node].children.first(where: { $0.position == index }) {
                position = try value(position, node: child.node, depth: depth, &found)
            } else {
                position = try skipValue(position, depth: depth)
            }
            index += 1
            position = blanks(position)
            if byte(position) == UInt8(ascii: "]") { return position + 1 }
            guard byte(position) == UInt8(ascii: ",") else { throw .notJSON }
            position = blanks(position + 1)
        }
    }

    private func index(ofChildNamed start: Int, _ end: Int, escaped: Bool, in node: Int) -> Int? {
        let children = nodes[node].children
        if children.isEmpty { return nil }
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        if !escaped { return children.firstIndex { name.equals($0.name) } }
        return withUnsafeTemporaryAllocation(byteCount: max(name.count, 1), alignment: 1) { buffer in
            guard let count = JSONText.unescape(name, into: buffer) else { return nil }
            return children.firstIndex { $0.name.elementsEqual(buffer[..<count]) }
        }
    }

    // MARK: Values off every path

    private func skipValue(_ start: Int, depth: Int) throws(Problem) -> Int {
        var position = start
        var level = depth
        // One bit a level, set for an object.
        var levels = InlineArray<8, UInt64>(repeating: 0)
        var escaped = false
        var kind = Kind.null
        while true {
            let first = byte(position)
            if first == UInt8(ascii: "\"") {
                position = try string(position, &escaped)
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard level < Self.maximumDepth else { throw .tooDeep }
                let bit: UInt64 = 1 << UInt64(level & 63)
                position = blanks(position + 1)
                if first == UInt8(ascii: "{") {
                    levels[level >> 6] |= bit
                    level += 1
                    if byte(position) != UInt8(ascii: "}") {
                        position = try memberName(position)
                        continue
                    }
                } else {
                    levels[level >> 6] &= ~bit
                    level += 1
                    if byte(position) != UInt8(ascii: "]") { continue }
                }
            } else {
                position = try scalar(position, &kind)
            }
            // A value has ended, or an empty container is about to: close what closes here.
            while true {
                if level == depth { return position }
                position = blanks(position)
                let isObject = levels[(level - 1) >> 6] >> UInt64((level - 1) & 63) & 1 == 1
                let next = byte(position)
                if next == UInt8(ascii: ",") {
                    position = blanks(position + 1)
                    if isObject { position = try memberName(position) }
                    break
                }
                guard next == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw .notJSON }
                position += 1
                level -= 1
            }
        }
    }

    /// From a member's name to its value.
    @inline(__always)
    private func memberName(_ start: Int) throws(Problem) -> Int {
        guard byte(start) == UInt8(ascii: "\"") else { throw .notJSON }
        var escaped = false
        return try colon(string(start, &escaped))
    }

    @inline(__always)
    private func colon(_ start: Int) throws(Problem) -> Int {
        let position = blanks(start)
        guard byte(position) == UInt8(ascii: ":") else { throw .notJSON }
        return blanks(position + 1)
    }

    // MARK: Tokens

    /// - Precondition: `position` is within the text.
    @inline(__always)
    private func load(_ position: Int) -> UInt8 { base.load(fromByteOffset: position, as: UInt8.self) }

    /// 0 at the end, which no token begins with.
    @inline(__always)
    private func byte(_ position: Int) -> UInt8 { position < count ? load(position) : 0 }

    @inline(__always)
    private func blanks(_ start: Int) -> Int {
        var position = start
        while position < count, load(position) <= 0x20 {
            switch load(position) {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return position
            }
        }
        return position
    }

    /// From the opening quote to behind the closing one; `escaped` is set where there was a backslash.
    @inline(__always)
    private func string(_ start: Int, _ escaped: inout Bool) throws(Problem) -> Int {
        var position = start + 1
        while true {
            position = plain(position)
            let byte = byte(position)
            if byte == UInt8(ascii: "\"") { return position + 1 }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position = try escape(position)
            } else if byte >= 0x80 {
                position = try multibyte(position)
            } else if byte < 0x20 {
                // A control character, or the end of the text.
                throw .notJSON
            } else {
                position += 1
            }
        }
    }

    /// Eight bytes at a time past everything that is neither quote, backslash, control character nor beyond ASCII.
    ///
    /// The subtractions borrow only from a byte that is itself a hit, so the lowest marked byte is always a true one.
    @inline(__always)
    private func plain(_ start: Int) -> Int {
        var position = start
        while count - position >= 8 {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5c5c_5c5c_5c5c_5c5c
            let marks =
                ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
                    | (word &- 0x2020_2020_2020_2020) & ~word | word) & 0x8080_8080_8080_8080
            if marks != 0 { return position + marks.trailingZeroBitCount >> 3 }
            position += 8
        }
        return position
    }

    private func escape(_ start: Int) throws(Problem) -> Int {
        switch byte(start + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard JSONText.hexUnit(bytes, at: start + 2) != nil else { throw .notJSON }
            return start + 6
        default:
            throw .notJSON
        }
    }

    /// One sequence of RFC 3629: no surrogates, nothing overlong, nothing beyond U+10FFFF.
    private func multibyte(_ start: Int) throws(Problem) -> Int {
        let count: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        switch bytes[start] {
        case 0xc2...0xdf: count = 2
        case 0xe0: (count, low) = (3, 0xa0)
        case 0xed: (count, high) = (3, 0x9f)
        case 0xe1...0xef: count = 3
        case 0xf0: (count, low) = (4, 0x90)
        case 0xf4: (count, high) = (4, 0x8f)
        case 0xf1...0xf3: count = 4
        default: throw .notJSON
        }
        guard bytes.count - start >= count, low <= bytes[start + 1], bytes[start + 1] <= high else { throw .notJSON }
        for offset in 2..<max(count, 2) where bytes[start + offset] & 0xc0 != 0x80 { throw .notJSON }
        return start + count
    }

    private func scalar(_ start: Int, _ kind: inout Kind) throws(Problem) -> Int {
        switch byte(start) {
        case UInt8(ascii: "-"), 0x30...0x39:
            kind = .number
            return try number(start)
        case UInt8(ascii: "t"):
            kind = .literal
            return try word("true", start)
        case UInt8(ascii: "f"):
            kind = .literal
            return try word("false", start)
        case UInt8(ascii: "n"):
            kind = .null
            return try word("null", start)
        default: throw .notJSON
        }
    }

    private func word(_ text: StaticString, _ start: Int) throws(Problem) -> Int {
        let count = text.utf8CodeUnitCount
        guard bytes.count - start >= count else { throw .notJSON }
        for offset in 0..<count where bytes[start + offset] != text.utf8Start[offset] { throw .notJSON }
        return start + count
    }

    private func number(_ start: Int) throws(Problem) -> Int {
        var position = start
        if byte(position) == UInt8(ascii: "-") { position += 1 }
        position = byte(position) == UInt8(ascii: "0") ? position + 1 : try digits(position)
        if byte(position) == UInt8(ascii: ".") { position = try digits(position + 1) }
        if byte(position) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") { position += 1 }
            position = try digits(position)
        }
        return position
    }

    @inline(__always)
    private func digits(_ start: Int) throws(Problem) -> Int {
        var position = start
        while byte(position) &- 0x30 <= 9 { position += 1 }
        guard position > start else { throw .notJSON }
        return position
    }
}
