import GatehouseCrypto
import GatehouseTime
import NIOCore

/// One event as a line of JSON, as `file:` stores it:
///
///     {"reference":"01…","endpoint":"acme","sender":"acme","event":{"id":"evt_1","type":"order.accepted"},
///      "received":"2026-11-24T02:01:02.123456Z","content_type":"application/json","body":"{…}"}
///
/// (without the line break). What is not known is `null`. A body that is UTF-8 stands in `body`, and a JSON reader gets the very same text
/// back; any other stands in `body_base64`.
enum EventLine {
    static func append(_ event: HandOver, to line: inout [UInt8]) {
        member("{\"reference\":", event.reference, to: &line)
        member(",\"endpoint\":", event.endpoint, to: &line)
        member(",\"sender\":", event.sender, to: &line)
        member(",\"event\":{\"id\":", event.eventID, to: &line)
        if event.isEventIDCut { line.append(contentsOf: ",\"id_cut\":true".utf8) }
        member(",\"type\":", event.eventType, to: &line)
        member("},\"received\":", event.received.description, to: &line)
        member(",\"content_type\":", event.contentType, to: &line)
        event.body.withUnsafeReadableBytes { body in
            if UTF8Text.isValid(body) {
                line.append(contentsOf: ",\"body\":".utf8)
                EscapedText.appendQuoted(validUTF8: body, to: &line)
            } else {
                line.append(contentsOf: ",\"body_base64\":\"".utf8)
                Base64.append(body, to: &line)
                line.append(UInt8(ascii: "\""))
            }
        }
        line.append(contentsOf: "}\n".utf8)
    }

    private static func member(_ before: String, _ value: String?, to line: inout [UInt8]) {
        line.append(contentsOf: before.utf8)
        if let value {
            EscapedText.appendQuoted(value, to: &line)
        } else {
            line.append(contentsOf: "null".utf8)
        }
    }
}

enum UTF8Text {
    /// No overlong form, surrogate or cut-off sequence (Unicode 15, table 3-7).
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
