import GatehouseHTTP
import Testing

@Suite("A chunked body")
struct ChunkedDecoderTests {
    private func decode(_ text: String, pieces: Int = .max, room: Int = 1_000) throws(HTTPRefusal) -> (
        body: String, rest: String, complete: Bool
    ) {
        let bytes = Array(text.utf8)
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        var position = 0
        while position < bytes.count, !decoder.isComplete {
            let end = pieces == .max ? bytes.count : min(bytes.count, position + pieces)
            let piece = Array(bytes[position..<end])
            let result: Result<Int, HTTPRefusal> = piece.withUnsafeBytes { buffer in
                do throws(HTTPRefusal) {
                    return .success(try decoder.decode(buffer, room: room - body.count) { body.append(contentsOf: $0) })
                } catch {
                    return .failure(error)
                }
            }
            position += try result.get()
        }
        return (String(decoding: body, as: UTF8.self), String(decoding: bytes[position...], as: UTF8.self), decoder.isComplete)
    }

    @Test("comes out whole, however it is cut", arguments: [1, 2, 3, 5, Int.max])
    func pieces(size: Int) throws {
        let result = try decode(
            "4\r\nWiki\r\n6;a=b;c=\"d;\\\"e\"\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\nGET", pieces: size)
        #expect(result.body == "Wikipedia in \r\n\r\nchunks.")
        #expect(result.rest == "GET")
        #expect(result.complete)
    }

    @Test("without its end is incomplete (SEC-7)", arguments: ["4\r\nWi", "4\r\nWiki\r\n", "4\r\nWiki\r\n0\r\n", "0\r\n\r"])
    func incomplete(text: String) throws {
        #expect(try decode(text).complete == false)
    }

    @Test(
        "that is chunked wrongly is refused (SEC-13)",
        arguments: [
            "\r\n", "g\r\n", "4\nWiki", "4\r\nWikiX", "4\r\nWiki\n", "4 \r\nWiki\r\n", " 4\r\nWiki\r\n", "-4\r\nWiki\r\n", "+4\r\nWiki\r\n",
            "0x4\r\nWiki\r\n", "00000000000000004\r\n", "4;\r\nWiki\r\n", "4;a=\u{1}\r\n", "4;a=b\nWiki\r\n", "4;a=\"b\r\n",
            "0\r\nX\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\nX: \u{0}\r\n\r\n", "4\rWiki", "4\r\r\n",
        ])
    func malformed(text: String) {
        #expect(throws: HTTPRefusal.self) { try decode(text) }
    }

    @Test("is counted while it comes and refused at the first byte too many (SEC-17)")
    func room() throws {
        #expect(try decode("a\r\n0123456789\r\n0\r\n\r\n", room: 10).complete)
        #expect(throws: HTTPRefusal.bodyTooLarge) { try decode("b\r\n", room: 10) }
        #expect(throws: HTTPRefusal.bodyTooLarge) { try decode("5\r\n01234\r\n6\r\n", room: 10) }
        #expect(throws: HTTPRefusal.bodyTooLarge) { try decode("ffffffffffffffff\r\n", room: 10) }
    }

    @Test("has bounded extensions and trailers")
    func overhead() {
        #expect(throws: HTTPRefusal.self) { try decode("4;" + String(repeating: "a", count: 5_000) + "\r\n") }
        #expect(throws: HTTPRefusal.self) { try decode("0\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n") }
    }
}
