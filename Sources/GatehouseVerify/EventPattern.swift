/// A glob over event types: `*` stands for any characters, dots too, also for none; everything else is itself.
public struct EventPattern: Sendable, Hashable {
    private let pattern: [UInt8]

    public init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

    /// `*` alone, which an event without a type matches too.
    public var matchesEverything: Bool { !pattern.isEmpty && pattern.allSatisfy { $0 == Self.star } }

    public func matches(_ type: String) -> Bool {
        var type = type
        return type.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    /// Linear but for the last star's retries: at most pattern × text steps, whatever the text.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        var index = 0
        var resume: (position: Int, index: Int)?
        while position < text.count {
            if index < pattern.count, pattern[index] == Self.star {
                index += 1
                resume = (position, index)
            } else if index < pattern.count, pattern[index] == text[position] {
                index += 1
                position += 1
            } else if let last = resume {
                position = last.position + 1
                index = last.index
                resume = (position, index)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == Self.star }
    }

    private static let star = UInt8(ascii: "*")
}

/// Patterns of which one must match.
public struct EventPatterns: Sendable, Hashable {
    private let patterns: [EventPattern]
    /// One of them is `*`.
    public let matchesEverything: Bool

    public init(_ patterns: [String]) {
        self.patterns = patterns.map(EventPattern.init)
        matchesEverything = self.patterns.contains(where: \.matchesEverything)
    }

    /// An event without a type matches only `*`.
    public func matches(_ type: String?) -> Bool {
        if matchesEverything { return true }
        guard var type else { return false }
        return type.withUTF8 { text in patterns.contains { $0.matches(UnsafeRawBufferPointer(text)) } }
    }
}
