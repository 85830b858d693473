/// A half-open range of byte offsets into the buffer that a head was parsed from.
public struct Slice: Sendable, Hashable {
    public var start: Int
    public var end: Int

    @inlinable public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    @inlinable public var count: Int { end - start }
    @inlinable public var isEmpty: Bool { start == end }
}

/// One field line: offsets of its name and of its value without the blanks around it (RFC 9112 section 5).
public struct FieldLine: Sendable, Hashable {
    public var name: Slice
    public var value: Slice

    @inlinable public init(name: Slice, value: Slice) {
        self.name = name
        self.value = value
    }
}

/// How many bytes of body follow a head (RFC 9112 section 6.3).
public enum BodyFraming: Sendable, Hashable {
    case length(Int)
    case chunked
}

/// A request's head as offsets into the received bytes: nothing is copied, decoded or lower-cased.
///
/// Every offset lies within the first ``length`` bytes of the buffer that was parsed; `fields` is reused from request to request,
/// so that parsing allocates nothing once a connection has seen its largest head.
public struct RequestHead: Sendable {
    public internal(set) var method = Slice(start: 0, end: 0)
    /// The request target as received.
    public internal(set) var target = Slice(start: 0, end: 0)
    /// Its path, raw. For an absolute-form target the part after the authority.
    public internal(set) var path = Slice(start: 0, end: 0)
    /// What follows the `?`, without it; nil where there is none.
    public internal(set) var query: Slice?
    /// The authority: of an absolute-form target, else of the Host field (RFC 9112 section 3.2.2).
    public internal(set) var host = Slice(start: 0, end: 0)
    public internal(set) var fields: [FieldLine] = []
    /// Bytes of the head, the empty line included.
    public internal(set) var length = 0
    public internal(set) var body = BodyFraming.length(0)
    /// The connection may carry another request after this one (RFC 9112 section 9.3).
    public internal(set) var keepsAlive = true
    public internal(set) var expectation = Expectation.none
    /// 0 or 1.
    public internal(set) var minorVersion = 1

    public init() {}

    public enum Expectation: Sendable, Hashable { case none, continue100, other }
}

/// A field name to look for: lower case, made once.
public struct FieldName: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(_ text: String) {
        bytes = text.utf8.map { 0x41 <= $0 && $0 <= 0x5a ? $0 | 0x20 : $0 }
    }

    public init(stringLiteral value: String) { self.init(value) }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public static let authorization: FieldName = "authorization"
    public static let contentEncoding: FieldName = "content-encoding"
    public static let contentType: FieldName = "content-type"
}

/// What a request has under one field name.
public enum FieldLookup {
    case absent
    case one(UnsafeRawBufferPointer)
    /// Sent more than once: refused wherever one value is meant (RFC 9110 section 5.3).
    case repeated
}

/// A request as it was received, borrowed for the length of one call: the pointers must not outlive it.
///
/// `head` was parsed from `bytes`, so its offsets are within them.
public struct RequestView {
    public let bytes: UnsafeRawBufferPointer
    public let head: RequestHead
    public let body: UnsafeRawBufferPointer

    public init(bytes: UnsafeRawBufferPointer, head: RequestHead, body: UnsafeRawBufferPointer) {
        self.bytes = bytes
        self.head = head
        self.body = body
    }

    public subscript(slice: Slice) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[slice.start..<slice.end]) }

    public var method: UnsafeRawBufferPointer { self[head.method] }
    public var path: UnsafeRawBufferPointer { self[head.path] }

    public func field(_ name: FieldName) -> FieldLookup {
        var found: Slice?
        for line in head.fields where isNamed(line, name) {
            if found != nil { return .repeated }
            found = line.value
        }
        return found.map { .one(self[$0]) } ?? .absent
    }

    /// Every value under the name, in the order received.
    public func values(_ name: FieldName) -> [UnsafeRawBufferPointer] {
        head.fields.filter { isNamed($0, name) }.map { self[$0.value] }
    }

    private func isNamed(_ line: FieldLine, _ name: FieldName) -> Bool {
        guard line.name.count == name.bytes.count else { return false }
        var offset = line.name.start
        for expected in name.bytes {
            let byte = bytes[offset]
            guard (0x41 <= byte && byte <= 0x5a ? byte | 0x20 : byte) == expected else { return false }
            offset += 1
        }
        return true
    }
}
