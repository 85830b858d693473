import GatehouseHTTP
import Testing

@Suite("A request head")
struct RequestHeadTests {
    @Test("is read as offsets into the received bytes")
    func offsets() throws {
        let (head, bytes) = try parse(
            "POST /hooks/acme?a=1&b HTTP/1.1\r\nHost: example.com:8443\r\nX-One:\t first value \r\nContent-Length: 12\r\n\r\n")
        #expect(text(bytes, head.method) == "POST")
        #expect(text(bytes, head.path) == "/hooks/acme")
        #expect(head.query.map { text(bytes, $0) } == "a=1&b")
        #expect(text(bytes, head.host) == "example.com:8443")
        #expect(head.fields.count == 3)
        #expect(text(bytes, head.fields[1].name) == "X-One")
        #expect(text(bytes, head.fields[1].value) == "first value")
        #expect(head.body == .length(12))
        #expect(head.keepsAlive)
        #expect(head.length == bytes.count)
    }

    @Test("may follow one empty line")
    func leadingLine() throws {
        let (head, bytes) = try parse("\r\n" + request())
        #expect(text(bytes, head.method) == "POST")
        #expect(throws: HTTPRefusal.self) { try parse("\r\n\r\n" + request()) }
    }

    @Test("in absolute form names its own authority, whatever Host says (SEC-15)")
    func absoluteForm() throws {
        let (head, bytes) = try parse(request(line: "POST https://front.example/hooks?x HTTP/1.1"))
        #expect(text(bytes, head.host) == "front.example")
        #expect(text(bytes, head.path) == "/hooks")
        #expect(head.query.map { text(bytes, $0) } == "x")
    }

    @Test(
        "keeps its connection or not",
        arguments: [
            ("HTTP/1.1", "X: 1", true), ("HTTP/1.1", "Connection: close", false), ("HTTP/1.1", "Connection: foo, Close", false),
            ("HTTP/1.0", "X: 1", false), ("HTTP/1.0", "Connection: keep-alive", true), ("HTTP/1.0", "Connection: keep-alive, close", false),
        ])
    func persistence(version: String, field: String, keeps: Bool) throws {
        #expect(try parse(request(field, line: "POST / \(version)")).head.keepsAlive == keeps)
    }

    @Test(
        "states an expectation",
        arguments: [
            ("Expect: 100-continue", RequestHead.Expectation.continue100), ("Expect: 100-Continue", .continue100),
            ("Expect: 200-ok", .other),
            ("X: y", .none),
        ])
    func expectation(field: String, expected: RequestHead.Expectation) throws {
        #expect(try parse(request(field)).head.expectation == expected)
    }

    static let refusals: [(String, HTTPRefusal)] = [
        // SEC-10
        (request("Content-Length: 5", "Transfer-Encoding: chunked"), .malformed(.bothLengths)),
        (request("Transfer-Encoding: chunked", "Content-Length: 5"), .malformed(.bothLengths)),
        // SEC-11
        (request("Content-Length: 5", "Content-Length: 5"), .malformed(.contentLength)),
        (request("Content-Length: 5, 5"), .malformed(.contentLength)),
        (request("Content-Length: +5"), .malformed(.contentLength)),
        (request("Content-Length: -5"), .malformed(.contentLength)),
        (request("Content-Length: 0x5"), .malformed(.contentLength)),
        (request("Content-Length: 5 5"), .malformed(.contentLength)),
        (request("Content-Length: "), .malformed(.contentLength)),
        (request("Content-Length: 99999999999999999999"), .malformed(.contentLength)),
        (request("Content-Length: 5.0"), .malformed(.contentLength)),
        // SEC-12
        (request("Transfer-Encoding: chunked, chunked"), .malformed(.transferEncoding)),
        (request("Transfer-Encoding: gzip, chunked"), .malformed(.transferEncoding)),
        (request("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), .malformed(.transferEncoding)),
        (request("Transfer-Encoding: gzip"), .unknownTransferCoding),
        (request("Transfer-Encoding: identity"), .unknownTransferCoding),
        (request("Transfer-Encoding: xchunked"), .unknownTransferCoding),
        (request("Transfer-Encoding: \"chunked\""), .malformed(.transferEncoding)),
        (request("Transfer-Encoding: "), .malformed(.transferEncoding)),
        (request("Transfer-Encoding: chunked", line: "POST / HTTP/1.0"), .malformed(.transferEncoding)),
        // SEC-14
        ("POST / HTTP/1.1\nHost: a\n\n", .malformed(.lineEnd)),
        (request("X: a\rb"), .malformed(.lineEnd)),
        (request("X: a\nY: b"), .malformed(.lineEnd)),
        (request("X: a\u{0}b"), .malformed(.fieldValue)),
        (request("X: a\u{7f}"), .malformed(.fieldValue)),
        (request("X: \u{1}"), .malformed(.fieldValue)),
        (request("X : a"), .malformed(.fieldName)),
        (request("X: a\r\n folded"), .malformed(.folding)),
        (request("X: a\r\n\tfolded"), .malformed(.folding)),
        (request(": a"), .malformed(.fieldName)),
        (request("X"), .malformed(.fieldName)),
        (request("X(: a"), .malformed(.fieldName)),
        (request("Xé: a"), .malformed(.fieldName)),
        (request(line: "POST / HTTP/1.2"), .malformed(.version)),
        (request(line: "POST / HTTP/2.0"), .malformed(.version)),
        (request(line: "POST / http/1.1"), .malformed(.version)),
        (request(line: "POST / HTTP/1.1 "), .malformed(.version)),
        (request(line: "POST /"), .malformed(.target)),
        (request(line: "POST  / HTTP/1.1"), .malformed(.target)),
        (request(line: " POST / HTTP/1.1"), .malformed(.requestLine)),
        (request(line: "PO(T / HTTP/1.1"), .malformed(.requestLine)),
        (request(line: "POST\t/ HTTP/1.1"), .malformed(.requestLine)),
        (request(line: "POST /a b HTTP/1.1"), .malformed(.version)),
        (request(line: "POST /a#b HTTP/1.1"), .malformed(.target)),
        (request(line: "POST /\u{e9} HTTP/1.1"), .malformed(.target)),
        (request(line: "POST example.com:443 HTTP/1.1"), .malformed(.target)),
        (request(line: "POST ftp://example.com/ HTTP/1.1"), .malformed(.target)),
        (request(line: "POST https:///x HTTP/1.1"), .malformed(.target)),
        (request(line: "POST https://user@example.com/x HTTP/1.1"), .malformed(.target)),
        // SEC-15
        (request(host: ""), .malformed(.host)),
        (request("Host: other.example"), .malformed(.host)),
        (request(host: "Host: \r\n"), .malformed(.host)),
        (request(host: "Host: a b\r\n"), .malformed(.host)),
        (request(host: "Host: a/b\r\n"), .malformed(.host)),
        (request(host: "Host: user@a\r\n"), .malformed(.host)),
        (request(host: "Host: a:b\r\n"), .malformed(.host)),
        (request(host: "Host: a:123456\r\n"), .malformed(.host)),
        (request(host: "Host: [::1\r\n"), .malformed(.host)),
        (request(host: "Host: [::1]x\r\n"), .malformed(.host)),
        // SEC-24: the HTTP/2 preface; SEC-23: a PROXY preamble
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .malformed(.version)),
        ("\r\n\r\n\u{0}\r\nQUIT\n", .malformed(.requestLine)),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n", .malformed(.version)),
    ]

    @Test("that is malformed is refused (SEC-10 to SEC-15)", arguments: refusals)
    func isRefused(text: String, refusal: HTTPRefusal) {
        #expect(throws: refusal) { try parse(text) }
    }

    @Test("has at most a hundred fields (SEC-17)")
    func fieldCount() throws {
        let fields = (0..<99).map { "X-\($0): \($0)\r\n" }.joined()
        #expect(try parse("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").head.fields.count == 100)
        #expect(throws: HTTPRefusal.headTooLarge) { try parse("POST / HTTP/1.1\r\nHost: a\r\n\(fields)Y: 1\r\n\r\n") }
    }

    @Test("is found the same whole and in pieces of any size", arguments: [1, 2, 3, 7, 64])
    func pieces(size: Int) {
        let bytes = Array(request("Content-Length: 3", "X: y").utf8) + Array("abcGET / HTTP/1.1\r\n".utf8)
        var scanner = HeadScanner()
        var end = 0
        var outcome = HeadScanner.Outcome.incomplete
        while outcome == .incomplete, end < bytes.count {
            end = min(bytes.count, end + size)
            outcome = bytes[..<end].withUnsafeBytes { scanner.scan($0, lineLimit: 8_192, headLimit: 16_384) }
        }
        #expect(outcome == .complete(start: 0, end: request("Content-Length: 3", "X: y").utf8.count))
    }

    @Test("that is too long is refused before it ends (SEC-17)")
    func limits() {
        let line = "POST /" + String(repeating: "a", count: 9_000)
        #expect(throws: HTTPRefusal.requestLineTooLong) { try parse(line) }
        #expect(throws: HTTPRefusal.requestLineTooLong) { try parse(request(line: line + " HTTP/1.1")) }
        #expect(throws: HTTPRefusal.headTooLarge) { try parse(request("X: " + String(repeating: "b", count: 17_000))) }
    }

    @Test("never traps, whatever bytes it holds (SEC-25)")
    func randomBytes() {
        var random = SystemRandomNumberGenerator()
        let seed = Array(request("Content-Length: 3", "Transfer-Encoding: chunked", "Host: [::1]:80").utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            bytes.withUnsafeBytes { buffer in
                var scanner = HeadScanner()
                guard case .complete(let start, let end) = scanner.scan(buffer, lineLimit: 8_192, headLimit: 16_384) else { return }
                var head = RequestHead()
                guard (try? head.parse(buffer, from: start, to: end)) != nil else { return }
                for field in head.fields { #expect(field.value.end <= end && field.name.start >= start) }
            }
        }
    }
}
