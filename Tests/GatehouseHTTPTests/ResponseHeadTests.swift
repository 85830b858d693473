import GatehouseHTTP
import Testing

@Suite("A handler's answer head")
struct ResponseHeadTests {
    private func parse(_ text: String) throws(HTTPRefusal) -> ResponseHead {
        let bytes = Array(text.utf8)
        let result: Result<ResponseHead, HTTPRefusal> = bytes.withUnsafeBytes { buffer in
            var head = ResponseHead()
            do throws(HTTPRefusal) {
                try head.parse(buffer, from: 0, to: buffer.count)
                return .success(head)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @Test(
        "says where its body ends (RFC 9112 section 6.3)",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, ResponseHead.Body.length(5), true),
            ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, .none, true),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, .none, true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, .none, true),
            ("HTTP/1.1 100 Continue\r\n\r\n", 100, .none, true),
            ("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", 500, .chunked, true),
            ("HTTP/1.1 200 OK\r\n\r\n", 200, .untilClose, false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", 200, .length(1), false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n", 200, .length(1), false),
        ])
    func framing(text: String, status: Int, body: ResponseHead.Body, keepsAlive: Bool) throws {
        let head = try parse(text)
        #expect(head.status == status)
        #expect(head.body == body)
        #expect(head.keepsAlive == keepsAlive)
    }

    @Test("tells how long its connection may idle")
    func keepAlive() throws {
        #expect(try parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=5, max=100\r\n\r\n").idleSeconds == 5)
    }

    @Test(
        "that is malformed is refused",
        arguments: [
            "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 X\r\n\r\n", "ICY 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ])
    func malformed(text: String) {
        #expect(throws: HTTPRefusal.self) { try parse(text) }
    }
}
