import GatehouseVerify

/// One record of an answers file: an answer, or a list of events whose answer stands elsewhere.
///
/// Key (16), expiry (4), body length (2), status (2), content type length and flags (8), checksum over all but itself (8), content type,
/// body; padded so that the next begins at a whole unit. A list has ``anyKey``, and 24 bytes of body for each event: key and reference.
struct AnswerRecord {
    enum Content {
        case answer(KeptAnswer)
        case events([SharedAnswer])
    }

    var key: EventKey
    var content: Content
    /// The last second in which an event of it is known.
    var expires: UInt32
    /// Bytes in the file, the padding included.
    var count: Int

    /// Of a record that belongs to no single event. A truncated HMAC is this with a chance of 2^-128.
    static let anyKey = EventKey(high: 0, low: 0)

    static let headBytes = 40
    static let limit = headBytes + 255 + KeptAnswer.bodyLimit
    /// Events in one list.
    static let eventLimit = KeptAnswer.bodyLimit / eventBytes

    private static let eventBytes = 24
    private static let hasContentType: UInt64 = 1 << 32
    private static let isList: UInt64 = 1 << 33

    static func encode(_ key: EventKey, _ answer: KeptAnswer, expires: UInt32) -> [UInt8] {
        encode(
            key, status: answer.status, contentType: Array((answer.contentType ?? "").utf8), body: answer.body, expires: expires,
            flags: answer.contentType == nil ? 0 : hasContentType)
    }

    /// - Parameter events: at most ``eventLimit``.
    static func encode(_ events: some Collection<SharedAnswer>) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(events.count * eventBytes)
        for event in events {
            append(event.key.high, to: &body)
            append(event.key.low, to: &body)
            append(event.answer.bits, to: &body)
        }
        return encode(anyKey, status: 0, contentType: [], body: body, expires: events.reduce(0) { max($0, $1.expires) }, flags: isList)
    }

    private static func encode(
        _ key: EventKey, status: Int, contentType: [UInt8], body: [UInt8], expires: UInt32, flags: UInt64
    ) -> [UInt8] {
        var record: [UInt8] = []
        let count = headBytes + contentType.count + body.count
        record.reserveCapacity(count + AnswerReference.unit)
        append(key.high, to: &record)
        append(key.low, to: &record)
        append(UInt64(expires) | UInt64(UInt16(clamping: body.count)) << 32 | UInt64(UInt16(clamping: status)) << 48, to: &record)
        append(UInt64(contentType.count) | flags, to: &record)
        append(0, to: &record)
        record.append(contentsOf: contentType)
        record.append(contentsOf: body)
        let checksum = record.withUnsafeBytes { Checksum.compute($0) }
        for shift in 0..<8 { record[32 + shift] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * shift)) }
        record.append(contentsOf: repeatElement(0, count: padded(count) - count))
        return record
    }

    /// The record that begins there; nil where none does, or it was torn or changed.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> AnswerRecord? {
        guard bytes.count >= headBytes else { return nil }
        let bodyCount = Int(word(bytes, 2) >> 32 & 0xffff)
        let typeCount = Int(word(bytes, 3) & 0xff)
        let count = headBytes + typeCount + bodyCount
        guard bodyCount <= KeptAnswer.bodyLimit, bytes.count >= count else { return nil }
        var copy = Array(bytes[..<count])
        for index in 32..<headBytes { copy[index] = 0 }
        guard copy.withUnsafeBytes({ Checksum.compute($0) }) == word(bytes, 4) else { return nil }
        let expires = UInt32(truncatingIfNeeded: word(bytes, 2))
        let body = UnsafeRawBufferPointer(rebasing: bytes[(headBytes + typeCount)..<count])
        let content: Content
        if word(bytes, 3) & isList != 0 {
            content = .events(
                (0..<bodyCount / eventBytes).map { index in
                    let event = UnsafeRawBufferPointer(rebasing: body[(index * eventBytes)..<((index + 1) * eventBytes)])
                    return SharedAnswer(
                        key: EventKey(high: word(event, 0), low: word(event, 1)), answer: AnswerReference(bits: word(event, 2)),
                        expires: expires)
                })
        } else {
            let type =
                word(bytes, 3) & hasContentType == 0 ? nil : String(decoding: bytes[headBytes..<(headBytes + typeCount)], as: UTF8.self)
            content = .answer(KeptAnswer(status: Int(word(bytes, 2) >> 48), contentType: type, body: Array(body)))
        }
        return AnswerRecord(
            key: EventKey(high: word(bytes, 0), low: word(bytes, 1)), content: content, expires: expires, count: padded(count))
    }

    private static func padded(_ count: Int) -> Int { (count + AnswerReference.unit - 1) / AnswerReference.unit * AnswerReference.unit }

    private static func append(_ word: UInt64, to record: inout [UInt8]) {
        for shift in 0..<8 { record.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }
}

/// An event that got an answer which is kept for many events, under the key of none.
struct SharedAnswer: Sendable, Hashable {
    var key: EventKey
    var answer: AnswerReference
    var expires: UInt32
}
