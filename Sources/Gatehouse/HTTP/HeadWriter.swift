import GatehouseAudit
import GatehouseTime
import NIOCore

/// Writes message heads into a buffer: the one place where bytes become a head, so that no value can end its line early (SEC-26).
///
/// A value with a control character is left out with its whole field; what remains is still a well-formed head.
struct HeadWriter {
    private(set) var buffer: ByteBuffer

    init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    /// What was written; the writer keeps no hold on it.
    consuming func finish() -> ByteBuffer { buffer }

    mutating func statusLine(_ status: Int) {
        guard status != 200 else {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        buffer.writeStaticString("HTTP/1.1 ")
        decimal(status)
        buffer.writeStaticString(" ")
        buffer.writeString(StatusText.of(status))
        buffer.writeStaticString("\r\n")
    }

    /// `method` and `target` come from policy or from a parsed head, which holds neither blanks nor controls.
    mutating func requestLine(method: UnsafeRawBufferPointer, target: String) {
        buffer.writeBytes(method)
        buffer.writeStaticString(" ")
        buffer.writeString(target)
        buffer.writeStaticString(" HTTP/1.1\r\n")
    }

    /// `line` is a whole field line of our own, without CRLF.
    mutating func line(_ line: StaticString) {
        buffer.writeStaticString(line)
        buffer.writeStaticString("\r\n")
    }

    mutating func field(_ name: StaticString, _ value: String) {
        guard Self.isSafe(value) else { return }
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }

    /// A name that is known when it runs only.
    mutating func field(named name: String, _ value: String) {
        guard Self.isSafe(value), !name.isEmpty, name.utf8.allSatisfy(Self.isName) else { return }
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }

    /// Whole lines that were checked before: as received, where the parser refuses what does not belong in a head, or made by ``lines(_:)``.
    mutating func checked(_ lines: UnsafeRawBufferPointer) { buffer.writeBytes(lines) }
    mutating func checked(_ lines: [UInt8]) { buffer.writeBytes(lines) }

    mutating func field(_ name: StaticString, _ reference: Reference) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        reference.withText { _ = buffer.writeBytes($0) }
        buffer.writeStaticString("\r\n")
    }

    mutating func field(_ name: StaticString, _ time: WallTime) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        time.withText { _ = buffer.writeBytes($0) }
        buffer.writeStaticString("\r\n")
    }

    /// Lines to be written many times, checked once.
    static func lines(_ fields: [(name: StaticString, value: String)]) -> [UInt8] {
        var writer = HeadWriter(ByteBuffer())
        for field in fields { writer.field(field.name, field.value) }
        return Array(writer.buffer.readableBytesView)
    }

    mutating func field(_ name: StaticString, bytes value: [UInt8]) {
        guard value.allSatisfy(Self.isSafe) else { return }
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        buffer.writeBytes(value)
        buffer.writeStaticString("\r\n")
    }

    mutating func field(_ name: StaticString, _ number: Int) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        decimal(number)
        buffer.writeStaticString("\r\n")
    }

    /// Ends the head; now comes the body.
    mutating func end() { buffer.writeStaticString("\r\n") }

    /// Returns how many bytes were written.
    mutating func body(_ bytes: UnsafeRawBufferPointer) -> Int { buffer.writeBytes(bytes) }
    mutating func body(_ bytes: ByteBuffer) { buffer.writeImmutableBuffer(bytes) }

    /// Without the String that `String(number)` would make.
    private mutating func decimal(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            buffer.writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    private static func isSafe(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes where !isSafe(byte) { return false }
            return true
        }
    }

    private static func isSafe(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte == 0x09 }
    private static func isName(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: ":") }
}

/// Reason phrases (RFC 9110 section 15); also the `title` of a problem.
enum StatusText {
    static func of(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 424: "Failed Dependency"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 451: "Unavailable For Legal Reasons"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        case 508: "Loop Detected"
        case 511: "Network Authentication Required"
        // A phrase may be anything, or nothing (RFC 9112 section 4); of the class, for a person who reads along.
        case 100..<200: "Informational"
        case 200..<300: "Success"
        case 300..<400: "Redirection"
        case 400..<500: "Client Error"
        default: "Server Error"
        }
    }
}
