import GatehouseCrypto
import GatehousePolicy
import GatehouseVerify

/// The right signature in a header that is written otherwise: with other labels, in another order, with its hex in base64.
struct LayoutCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// Writes what may be a signature, and what may be its time, as the scheme has them.
    func walk(_ visit: Supposition.Visit) -> Bool {
        guard case .header(let name)? = scheme.signature.sources.first, scheme.signature.sources.count == 1, !name.hasSuffix("*"),
            let value = bench.request.value(name)
        else { return false }
        let words = Self.words(value)
        let times = takesTime ? words.filter { (9...19).contains($0.utf8.count) && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } } : [""]
        for text in words {
            for (bytes, isTwice) in Self.readings(text) {
                for time in times {
                    for layout in layouts(encoded(bytes), time) where layout.header != value {
                        var trial = bench
                        trial.request.replace(name, with: layout.header)
                        if visit(Supposition(bench: trial, cause: cause(name, layout.shape, isTwice, text == value))) { return true }
                    }
                }
            }
        }
        return false
    }

    private func cause(_ name: String, _ shape: String, _ isTwice: Bool, _ isAlone: Bool) -> Explanation.Cause {
        if isTwice {
            return Supposition.proved(
                "signature-encoding", "The signature in \(name) is right, and encoded twice: its hex digits in base64.",
                "Encoded once, as \(scheme.signature.encoding.rawValue), it holds.",
                "Let the sender encode the digest's bytes as \(scheme.signature.encoding.rawValue), not its hex text.")
        }
        return Supposition.proved(
            isAlone && shape != "SIGNATURE" ? "signature-prefix" : "signature-layout",
            "The signature in \(name) is right, and the header is not written as scheme \(scheme.name) has it.",
            "Written `\(shape)` it holds.",
            "Let the sender write `\(shape)`, or, where its documents say otherwise, change `signature` in the scheme.")
    }

    private var takesTime: Bool {
        switch scheme.signature.layout {
        case .list(_, _, _, let timestamp): timestamp != nil
        case .positional(_, let timestamp, _): timestamp != nil
        case .bare, .prefixed, .algorithm: false
        }
    }

    private func layouts(_ signature: String, _ time: String) -> [(header: String, shape: String)] {
        func both(_ write: (_ signature: String, _ time: String) -> String) -> (String, String) {
            (write(signature, time), write("SIGNATURE", "TIME"))
        }
        switch scheme.signature.layout {
        case .bare: return [both { signature, _ in signature }]
        case .prefixed(let prefix): return [both { signature, _ in prefix + signature }]
        case .list(let separator, let assign, let label, let timestamp):
            return [both { signature, time in (timestamp.map { $0 + assign + time + separator } ?? "") + label + assign + signature }]
        case .positional(let separator, let timestamp, let signatures):
            return [
                both { signature, time in
                    (0...max(signatures.lowerBound, timestamp ?? 0))
                        .map { $0 == timestamp ? time : $0 == signatures.lowerBound ? signature : "" }.joined(separator: separator)
                }
            ]
        case .algorithm(let assign, let algorithms):
            return algorithms.map { algorithm in both { signature, _ in SignatureLook.label(algorithm) + assign + signature } }
        }
    }

    private func encoded(_ bytes: [UInt8]) -> String {
        switch scheme.signature.encoding {
        case .hex: Hex.encode(bytes)
        case .base64: Base64.encode(bytes)
        case .base64url: Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        case .text: String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The value, the parts between separators, and what follows a label in each; not many.
    private static func words(_ value: String) -> [String] {
        var words = [value]
        for part in value.split(whereSeparator: { ",; |\"'".contains($0) }).prefix(8) {
            words.append(String(part))
            for mark in ["=", ":"] {
                guard let found = part.firstRange(of: mark), found.upperBound < part.endIndex,
                    part[..<found.lowerBound].utf8.count <= 16
                else { continue }
                words.append(String(part[found.upperBound...]))
            }
        }
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }

    /// The bytes of a digest that the text may be, and whether it is one within another.
    private static func readings(_ text: String) -> [(bytes: [UInt8], isTwice: Bool)] {
        var readings: [(bytes: [UInt8], isTwice: Bool)] = []
        if let bytes = Hex.decode(text) { readings.append((bytes, false)) }
        if let bytes = Base64.decode(text.replacing("-", with: "+").replacing("_", with: "/")) {
            readings.append((bytes, false))
            if let inner = Hex.decode(String(decoding: bytes, as: UTF8.self)) { readings.append((inner, true)) }
        }
        return readings.filter { (20...64).contains($0.bytes.count) }
    }
}
