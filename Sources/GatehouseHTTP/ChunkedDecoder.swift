/// Takes the chunked coding off a body as it arrives (RFC 9112 section 7.1): a value that is fed bytes and says what to keep.
///
/// Strict: sizes of 1 to 16 hex digits, CRLF everywhere, extensions of tokens and quoted strings that are read over, at most ``lineLimit``
/// bytes of them in one line; trailers are checked like fields and dropped, never merged into the head (SEC-13, SEC-19).
public struct ChunkedDecoder: Sendable {
    public static let lineLimit = 4 * 1024
    /// All extensions and trailers of one body together, so that empty talk cannot go on for ever.
    public static let overheadLimit = 64 * 1024

    private var state = State.size(digits: 0, value: 0)
    private var lineLength = 0
    private var overhead = 0
    private var trailerLines = 0

    private enum State: Sendable, Hashable {
        case size(digits: Int, value: UInt64)
        case extensionStart
        case extensionBody(quoted: Bool, escaped: Bool)
        case sizeLineFeed(UInt64)
        case data(UInt64)
        case dataReturn
        case dataLineFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case endLineFeed
        case done
    }

    /// Set while in an extension, for the state after its line.
    private var pendingSize: UInt64 = 0

    public init() {}

    public var isComplete: Bool { state == .done }

    /// Reads as much of `bytes` as belongs to the body and hands its data to `keep`, in order. Returns the bytes consumed: all of them
    /// unless the body ended among them. `room` is how many bytes of data may still come; past it the body is refused at once.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer, room: Int, keep: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTPRefusal) -> Int {
        var room = room
        var position = 0
        while position < bytes.count, state != .done {
            if case .data(let left) = state {
                let take = Int(min(left, UInt64(bytes.count - position)))
                keep(UnsafeRawBufferPointer(rebasing: bytes[position..<(position + take)]))
                room -= take
                position += take
                state = left == UInt64(take) ? .dataReturn : .data(left - UInt64(take))
                continue
            }
            try step(bytes[position], room: room)
            position += 1
        }
        return position
    }

    private mutating func step(_ byte: UInt8, room: Int) throws(HTTPRefusal) {
        overhead += 1
        lineLength += 1
        switch state {
        case .size(let digits, let value):
            if let digit = byte.hexValue {
                guard digits < 16 else { throw .malformed(.chunk) }
                state = .size(digits: digits + 1, value: value << 4 | UInt64(digit))
                return
            }
            guard digits > 0 else { throw .malformed(.chunk) }
            guard value <= UInt64(max(0, room)) else { throw .bodyTooLarge }
            pendingSize = value
            if byte == .carriageReturn {
                state = .sizeLineFeed(value)
            } else if byte == UInt8(ascii: ";") {
                state = .extensionStart
            } else {
                throw .malformed(.chunk)
            }
        case .extensionStart:
            guard ByteClass.token.contains(byte) else { throw .malformed(.chunk) }
            state = .extensionBody(quoted: false, escaped: false)
        case .extensionBody(let quoted, let escaped):
            guard lineLength <= Self.lineLimit, overhead <= Self.overheadLimit else { throw .malformed(.chunk) }
            if quoted {
                guard byte.isFieldValue else { throw .malformed(.chunk) }
                state =
                    escaped
                    ? .extensionBody(quoted: true, escaped: false)
                    : byte == UInt8(ascii: "\\")
                        ? .extensionBody(quoted: true, escaped: true)
                        : .extensionBody(quoted: byte != UInt8(ascii: "\""), escaped: false)
            } else if byte == .carriageReturn {
                state = .sizeLineFeed(pendingSize)
            } else if byte == UInt8(ascii: "\"") {
                state = .extensionBody(quoted: true, escaped: false)
            } else {
                guard ByteClass.token.contains(byte) || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ";") else {
                    throw .malformed(.chunk)
                }
            }
        case .sizeLineFeed(let size):
            guard byte == .lineFeed else { throw .malformed(.chunk) }
            lineLength = 0
            state = size == 0 ? .trailerStart : .data(size)
        case .dataReturn:
            guard byte == .carriageReturn else { throw .malformed(.chunk) }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == .lineFeed else { throw .malformed(.chunk) }
            // A body of one-byte chunks is legal but pays for its own lines: the overhead is counted against the data it brings.
            overhead = max(0, overhead - 64)
            lineLength = 0
            state = .size(digits: 0, value: 0)
        case .trailerStart:
            trailerLines += 1
            guard trailerLines <= RequestHead.maximumFields else { throw .malformed(.trailer) }
            if byte == .carriageReturn {
                state = .endLineFeed
            } else {
                guard ByteClass.token.contains(byte) else { throw .malformed(.trailer) }
                state = .trailerName
            }
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                state = .trailerValue
            } else {
                guard ByteClass.token.contains(byte) else { throw .malformed(.trailer) }
            }
        case .trailerValue:
            guard lineLength <= Self.lineLimit, overhead <= Self.overheadLimit else { throw .malformed(.trailer) }
            if byte == .carriageReturn {
                state = .trailerLineFeed
            } else {
                guard byte.isFieldValue else { throw .malformed(.trailer) }
            }
        case .trailerLineFeed:
            guard byte == .lineFeed else { throw .malformed(.trailer) }
            lineLength = 0
            state = .trailerStart
        case .endLineFeed:
            guard byte == .lineFeed else { throw .malformed(.trailer) }
            state = .done
        case .data, .done: break
        }
    }
}
