/// Whether some event type matches both of two patterns, where `*` stands for any characters.
enum PatternOverlap {
    static func exists(_ left: String, _ right: String) -> Bool { exists(Array(left.utf8), Array(right.utf8)) }

    /// `row[j]` says whether the beginning of `left` up to here and that of `right` up to `j` match a text in common. A star takes nothing,
    /// or one more part of the other pattern. Patterns have at most 256 bytes.
    private static func exists(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var row = [true]
        for byte in right { row.append(row[row.count - 1] && byte == star) }
        for byte in left {
            var diagonal = row[0]
            row[0] = diagonal && byte == star
            for (index, other) in right.enumerated() {
                let above = row[index + 1]
                row[index + 1] = byte == star || other == star ? above || row[index] : diagonal && byte == other
                diagonal = above
            }
        }
        return row[right.count]
    }

    private static let star = UInt8(ascii: "*")
}
