import FuzzSupport
import GatehousePolicy

/// A scheme file: it is read, or refused with diagnostics that say where.
@main
enum FuzzPolicy {
    static func main() { runFuzzer { fuzz($0, $1) } }
}

private func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    do {
        _ = try Scheme.parse(text, name: "fuzz", file: "fuzz.yaml")
    } catch {
        precondition(!error.diagnostics.isEmpty, "a refusal says why")
    }
    return 0
}
