#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds the end of a head in bytes that arrive bit by bit, looking at each byte once, however small the pieces.
///
/// A line feed that does not follow a carriage return ends the search at once, so that a peer learns of it without finishing the head.
public struct HeadScanner: Sendable {
    /// Bytes already looked at.
    private var scanned = 0
    private var lineStart = 0
    private var firstLine = true
    /// The blank line that may stand before a request line (RFC 9112 section 2.2) was skipped.
    private var skipped = 0

    public init() {}

    public enum Outcome: Sendable, Hashable {
        /// The head stands in the bytes `start..<end`, its empty line included.
        case complete(start: Int, end: Int)
        case incomplete
        case refused(HTTPRefusal)
    }

    public mutating func scan(_ bytes: UnsafeRawBufferPointer, lineLimit: Int, headLimit: Int) -> Outcome {
        guard let base = bytes.baseAddress else { return .incomplete }
        while scanned < bytes.count, let found = memchr(base + scanned, Int32(UInt8.lineFeed), bytes.count - scanned) {
            let position = UnsafeRawPointer(found) - base
            guard position > lineStart, bytes[position - 1] == .carriageReturn else { return .refused(.malformed(.lineEnd)) }
            let isEmpty = position - 1 == lineStart
            if firstLine, !isEmpty, position - lineStart > lineLimit { return .refused(.requestLineTooLong) }
            if position + 1 - skipped > headLimit { return .refused(.headTooLarge) }
            scanned = position + 1
            lineStart = scanned
            if isEmpty {
                guard firstLine else { return .complete(start: skipped, end: scanned) }
                guard skipped == 0 else { return .refused(.malformed(.requestLine)) }
                skipped = scanned
            } else {
                firstLine = false
            }
        }
        scanned = bytes.count
        if firstLine, scanned - lineStart > lineLimit { return .refused(.requestLineTooLong) }
        if scanned - skipped > headLimit { return .refused(.headTooLarge) }
        return .incomplete
    }

    /// No byte of a next head has been seen, but for the blank line that may precede it.
    public var isAtStart: Bool { scanned == skipped }
}
