import GatehouseHTTP

/// Scans and parses `text` as one request head, whole.
func parse(_ text: String, lineLimit: Int = 8_192, headLimit: Int = 16_384) throws(HTTPRefusal) -> (head: RequestHead, bytes: [UInt8]) {
    let bytes = Array(text.utf8)
    let result: Result<RequestHead, HTTPRefusal> = bytes.withUnsafeBytes { buffer in
        var scanner = HeadScanner()
        switch scanner.scan(buffer, lineLimit: lineLimit, headLimit: headLimit) {
        case .incomplete: return .failure(.malformed(.requestLine))
        case .refused(let refusal): return .failure(refusal)
        case .complete(let start, let end):
            var head = RequestHead()
            do throws(HTTPRefusal) {
                try head.parse(buffer, from: start, to: end)
                return .success(head)
            } catch {
                return .failure(error)
            }
        }
    }
    return (try result.get(), bytes)
}

func text(_ bytes: [UInt8], _ slice: Slice) -> String { String(decoding: bytes[slice.start..<slice.end], as: UTF8.self) }

func request(_ fields: String..., line: String = "POST /hooks HTTP/1.1", host: String = "Host: example.com\r\n") -> String {
    "\(line)\r\n\(host)" + fields.map { "\($0)\r\n" }.joined() + "\r\n"
}
