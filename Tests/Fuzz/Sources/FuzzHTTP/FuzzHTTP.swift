import FuzzSupport
import GatehouseHTTP

/// A request head and the body behind it, whole and byte by byte: both ways must end alike, and every offset within the bytes.
@main
enum FuzzHTTP {
    static func main() { runFuzzer { fuzz($0, $1) } }
}

private func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let whole = scan(bytes, step: max(1, count))
    precondition(whole == scan(bytes, step: 1), "a head is found the same in pieces")
    guard case .complete(let begin, let end) = whole else { return 0 }
    var head = RequestHead()
    guard (try? head.parse(bytes, from: begin, to: end)) != nil else { return 0 }
    for field in head.fields { precondition(field.name.start >= begin && field.name.end <= field.value.start && field.value.end <= end) }
    precondition(head.path.start >= begin && head.path.end <= end && head.host.end <= end)
    guard head.body == .chunked else { return 0 }
    let body = UnsafeRawBufferPointer(rebasing: bytes[end...])
    precondition(decode(body, step: max(1, body.count)) == decode(body, step: 1), "a chunked body is the same in pieces")
    var response = ResponseHead()
    _ = try? response.parse(bytes, from: begin, to: end)
    return 0
}

private func scan(_ bytes: UnsafeRawBufferPointer, step: Int) -> HeadScanner.Outcome {
    var scanner = HeadScanner()
    var end = 0
    while true {
        end = min(bytes.count, end + step)
        let outcome = scanner.scan(UnsafeRawBufferPointer(rebasing: bytes[..<end]), lineLimit: 8_192, headLimit: 16_384)
        if outcome != .incomplete || end == bytes.count { return outcome }
    }
}

private enum Decoded: Equatable {
    case refused
    case open([UInt8])
    case whole([UInt8], used: Int)
}

private func decode(_ bytes: UnsafeRawBufferPointer, step: Int) -> Decoded {
    var decoder = ChunkedDecoder()
    var body: [UInt8] = []
    var position = 0
    while position < bytes.count, !decoder.isComplete {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<min(bytes.count, position + step)])
        guard let used = try? decoder.decode(piece, room: 65_536 - body.count, keep: { body.append(contentsOf: $0) }) else {
            return .refused
        }
        position += used
    }
    return decoder.isComplete ? .whole(body, used: position) : .open(body)
}
