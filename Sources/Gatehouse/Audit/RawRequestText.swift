import GatehouseCrypto
import GatehouseHTTP

/// A received request as one piece of raw HTTP/1.1: its body whole, however it was framed on the way; credentials without their value.
enum RawRequestText {
    static func content(_ view: RequestView) -> Secret {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(view.head.length + view.body.count + 64)
        bytes.append(contentsOf: view.method)
        bytes.append(0x20)
        bytes.append(contentsOf: view[view.head.target])
        bytes += Array(" HTTP/1.1\r\n".utf8)
        for field in view.head.fields where !isFraming(view[field.name]) {
            bytes.append(contentsOf: view[field.name])
            bytes += [0x3a, 0x20]
            if WithheldValue.isMeant(view[field.name]) {
                bytes += Array(WithheldValue.text(view[field.value]).utf8)
            } else {
                bytes.append(contentsOf: view[field.value])
            }
            bytes += [0x0d, 0x0a]
        }
        bytes += Array("Content-Length: \(view.body.count)\r\n\r\n".utf8)
        bytes.append(contentsOf: view.body)
        return Secret(bytes)
    }

    private static func isFraming(_ name: UnsafeRawBufferPointer) -> Bool {
        let lower = name.map { 0x41 <= $0 && $0 <= 0x5a ? $0 | 0x20 : $0 }
        return lower.elementsEqual("content-length".utf8) || lower.elementsEqual("transfer-encoding".utf8)
    }
}
