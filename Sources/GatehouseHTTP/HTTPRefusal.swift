/// Why bytes are no request (or no answer) that may be acted on. After any of these the connection closes (RFC 9112 section 11.2).
public enum HTTPRefusal: Error, Sendable, Hashable {
    /// 400.
    case malformed(Problem)
    /// 414.
    case requestLineTooLong
    /// 431.
    case headTooLarge
    /// 501 (RFC 9112 section 6.1).
    case unknownTransferCoding
    /// 413.
    case bodyTooLarge

    /// For the log and the audit record; never told to the peer.
    public enum Problem: String, Sendable, Hashable {
        case requestLine = "request line"
        case target = "request target"
        case version = "HTTP version"
        case lineEnd = "bare CR or LF, or a control character"
        case fieldName = "field name"
        case fieldValue = "field value"
        case folding = "folded field line"
        case host = "Host"
        case contentLength = "Content-Length"
        case transferEncoding = "Transfer-Encoding"
        case bothLengths = "Content-Length with Transfer-Encoding"
        case chunk = "chunk"
        case trailer = "trailer"
        case statusLine = "status line"
    }

    public var status: Int {
        switch self {
        case .malformed: 400
        case .requestLineTooLong: 414
        case .headTooLarge: 431
        case .unknownTransferCoding: 501
        case .bodyTooLarge: 413
        }
    }
}
