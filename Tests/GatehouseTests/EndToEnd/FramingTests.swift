import GatehouseTesting
import Testing

@Suite("Malformed requests end their connection")
struct FramingTests {
    private static let host = "Host: localhost\r\n"

    @Test("a malformed head is 400, or 501 for an unknown transfer coding, and nothing behind it is read (SEC-10…SEC-16, SEC-24)")
    func malformed() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite(limits: "failures: 10000/s")
        try site.acme(to: handler.url())
        let smuggled = try site.acmeSender().request("{}")
        try await serving(site) { gateway in
            for bytes in Self.malformed {
                let connection = try await gateway.connect()
                connection.post(Array(bytes.utf8) + smuggled.bytes)
                let answer = try await connection.answer()
                let line = try site.decision(of: answer)
                #expect(answer.status == (bytes.contains("Encoding: gzip\r\n") ? 501 : 400), "\(bytes.debugDescription)")
                #expect(answer.isProblem && answer.closes, "\(bytes.debugDescription)")
                #expect(line?.decision == "rejected" && line?.reason == "malformed", "\(bytes.debugDescription)")
                // Not one byte more, and the end.
                await #expect(throws: (any Error).self, "\(bytes.debugDescription)") { try await connection.answer() }
                #expect(handler.count == 0, "\(bytes.debugDescription)")
                await connection.close()
            }
        }
    }

    @Test("SEC-7, SEC-16: a body that is cut off is never an event", arguments: [true, false], [true, false])
    func cutOff(isChunked: Bool, isClean: Bool) async throws {
        let (handler, site, sender) = try await relayed()
        let request = try sender.request(id: "msg_1", "{\"a\":1}").changed { $0.chunks = isChunked ? [3] : nil }
        try await serving(site) { gateway in
            for count in [1, 2, 5] {
                let connection = try await gateway.connect()
                try await connection.send(Array(request.bytes.dropLast(count)))
                if isClean { await connection.close() } else { try await connection.cut() }
            }
            // What came later and whole is the first that the handler sees.
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            #expect(handler.count == 1)
        }
    }

    /// Bytes that are no request; what stands behind them must never be one.
    private static let malformed = [
        // SEC-10
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        // SEC-11
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 1, 1\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: +1\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 0x1\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 1 0\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: \r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 9223372036854775807\r\n\r\nx",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Content-Length: 1e1\r\n\r\nx",
        // SEC-12
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding:\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n",
        // SEC-13
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nx\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\nx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n1;a=\u{1}\r\nx\r\n0\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n: v\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\nT: \u{0}\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\n",
        // SEC-14
        "POST /hooks/acme HTTP/1.1\n\(host)\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost: localhost\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X: a\rb\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X: a\u{1b}b\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X : a\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X: a\r\n b\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n \(host)\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host): a\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X[: a\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)X\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)\u{e9}: a\r\n\r\n",
        "POST /hooks/acme HTTP/1.2\r\n\(host)\r\n",
        "POST /hooks/acme HTTP/2.0\r\n\(host)\r\n",
        "POST /hooks/acme http/1.1\r\n\(host)\r\n",
        "POST /hooks/acme\r\n\(host)\r\n",
        "POST  /hooks/acme HTTP/1.1\r\n\(host)\r\n",
        "POST /hooks/acme  HTTP/1.1\r\n\(host)\r\n",
        "POST\t/hooks/acme HTTP/1.1\r\n\(host)\r\n",
        " POST /hooks/acme HTTP/1.1\r\n\(host)\r\n",
        "P@ST /hooks/acme HTTP/1.1\r\n\(host)\r\n",
        "POST /hooks/acme HTTP/1.1 \r\n\(host)\r\n",
        "POST /hooks/acme HTTP/1.1\r\r\n\(host)\r\n",
        "\r\n\r\nPOST /hooks/acme HTTP/1.1\r\n\(host)\r\n",
        "CONNECT localhost:443 HTTP/1.1\r\n\(host)\r\n", "\u{0}\u{0}\u{0}\r\n\r\n",
        // SEC-24: the preface of HTTP/2
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // SEC-15
        "POST /hooks/acme HTTP/1.1\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\n\(host)\(host)\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost:\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost: a b\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
        "POST /hooks/acme HTTP/1.1\r\nHost: localhost:port\r\n\r\n",
        "POST /hooks/acme HTTP/1.0\r\n\r\n",
        "POST https://user@localhost/hooks/acme HTTP/1.1\r\n\(host)\r\n",
        "POST ftp://localhost/hooks/acme HTTP/1.1\r\n\(host)\r\n", "POST https:///hooks/acme HTTP/1.1\r\n\(host)\r\n",
    ]
}
