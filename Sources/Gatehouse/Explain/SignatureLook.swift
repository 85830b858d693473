import GatehouseCrypto
import GatehousePolicy

/// What a signature's text alone tells: its alphabet, its length, its labels. Needs no body and no secret.
struct SignatureLook {
    let scheme: Scheme
    /// The received value of the signature's header, or of wherever the scheme has it.
    let value: String
    /// For messages.
    let name: String

    func cause() -> Explanation.Cause? {
        switch scheme.signature.layout {
        case .list(let separator, let assign, let label, let time):
            let items = Self.split(value, separator).compactMap { item in
                item.firstRange(of: assign).map {
                    (label: Self.trimmed(item[..<$0.lowerBound]), text: Self.trimmed(item[$0.upperBound...]))
                }
            }
            let own = items.filter { $0.label == label }
            guard !own.isEmpty else {
                let others = items.map(\.label).filter { $0 != time && Self.isLabel($0) }
                guard others.isEmpty else { return version(others, wanted: label) }
                return cause(
                    "signature-layout", "The header \(name) has no part `\(label)\(assign)SIGNATURE`.",
                    "Scheme \(scheme.name) reads labelled parts, with `\(assign)` behind the label and `\(separator)` between two of them.",
                    "Let the sender write the header as the scheme says, labels and marks included.")
            }
            return own.lazy.compactMap { form($0.text) }.first
        case .prefixed(let prefix):
            guard value.hasPrefix(prefix) else { return unprefixed(prefix) }
            return form(String(value.dropFirst(prefix.count)))
        case .positional(let separator, let time, let positions):
            let parts = Self.split(value, separator).map { Self.trimmed($0) }
            let texts = parts.indices.filter { positions.contains($0) && $0 != time }.map { parts[$0] }
            guard !texts.isEmpty else {
                return cause(
                    "signature-layout",
                    "The header \(name) has \(parts.count) part\(parts.count == 1 ? "" : "s"), and none where a signature belongs.",
                    "Scheme \(scheme.name) separates them by `\(separator)`.", "Let the sender write the header as the scheme says.")
            }
            return texts.lazy.compactMap { form($0) }.first
        case .bare:
            return form(Self.trimmed(value[...]))
        case .algorithm(let assign, let algorithms):
            guard let found = value.firstRange(of: assign) else {
                return unprefixed("\(algorithms.map(\.rawValue).first ?? "sha256")\(assign)")
            }
            let label = Self.trimmed(value[..<found.lowerBound]).lowercased()
            let own = algorithms.filter { Self.label($0) == label }
            return form(Self.trimmed(value[found.upperBound...]), among: own.isEmpty ? algorithms : own)
        }
    }

    /// The text is not of the encoding or the length that the algorithm makes.
    private func form(_ text: String, among algorithms: [SignatureAlgorithm]? = nil) -> Explanation.Cause? {
        let algorithms = algorithms ?? [scheme.algorithm]
        if algorithms == [.ecdsaP256DER], let notDER = notDER(text) { return notDER }
        let lengths = Set(algorithms.compactMap { Self.length($0) })
        guard !lengths.isEmpty, scheme.signature.encoding != .text else { return nil }
        let wanted = scheme.signature.encoding
        let readings = Self.readings(text)
        if let own = readings.first(where: { $0.encoding == wanted || wanted == .base64url && $0.encoding == .base64 }),
            lengths.contains(own.count)
        {
            return nil
        }
        if let other = readings.first(where: { $0.encoding != wanted && lengths.contains($0.count) }) {
            return cause(
                "signature-encoding",
                "The signature in \(name) looks like \(other.encoding.rawValue), and scheme \(scheme.name) reads \(wanted.rawValue).",
                "Read as \(other.encoding.rawValue) it has the \(other.count) bytes that \(scheme.algorithm.rawValue) makes.",
                "Let the sender encode it as \(wanted.rawValue), or set `encoding` in the scheme.")
        }
        if let foreign = readings.lazy.compactMap({ reading in Self.names[reading.count].map { (reading, $0) } }).first {
            let own = algorithms.map(\.rawValue).joined(separator: " or ")
            let isShort = lengths.allSatisfy { foreign.0.count < $0 }
            return cause(
                "signature-algorithm",
                "The signature in \(name) has \(foreign.0.count) bytes; \(own) makes \(lengths.sorted().map(String.init).joined(separator: " or ")).",
                isShort
                    ? "\(foreign.1) makes as many: it is made by that, or it was cut."
                    : "\(foreign.1) makes as many: it is made by that, or is something else.",
                "Let the sender sign with \(own), and send the whole signature.")
        }
        let size =
            readings.first { $0.encoding == wanted }.map { "\($0.count) bytes" }
            ?? "\(text.utf8.count) characters that are no \(wanted.rawValue)"
        return cause(
            "signature-length",
            "The signature in \(name) has \(size), and \(scheme.algorithm.rawValue) makes \(lengths.sorted().map(String.init).joined(separator: " or ")) bytes.",
            "It was cut, or is something else.", "Let the sender send the whole signature, as \(wanted.rawValue).")
    }

    /// ECDSA signatures of most senders are a DER sequence of two integers (SEC 1 appendix C.5), 68 to 72 bytes.
    private func notDER(_ text: String) -> Explanation.Cause? {
        let wanted = scheme.signature.encoding
        let bytes = wanted == .hex ? Hex.decode(text) : Base64.decode(text.replacing("-", with: "+").replacing("_", with: "/"))
        guard let bytes else { return nil }
        if bytes.count >= 8, bytes[0] == 0x30, Int(bytes[1]) == bytes.count - 2 { return nil }
        // The two numbers side by side are tried by themselves.
        guard bytes.count != 64 else { return nil }
        return cause(
            "signature-form", "The signature in \(name) has \(bytes.count) bytes that are no DER signature.",
            bytes.first == 0x30 && bytes.count > 1
                ? "It begins as one of \(Int(bytes[1]) + 2) bytes: it was cut, or something was added."
                : "Such a one begins with 30 in hex.",
            "Let the sender send the whole signature, as \(wanted.rawValue) of its DER form, or set `algorithm: ecdsa-p256-raw` in the scheme "
                + "where it sends the two numbers side by side.")
    }

    private func version(_ labels: [String], wanted: String) -> Explanation.Cause {
        cause(
            "scheme-version", "The header \(name) has no signature labelled \(wanted).",
            "Its labels are \(labels.prefix(8).joined(separator: ", ")).",
            "Let the sender sign by the version of the scheme that \(wanted) stands for; others are not taken, so that nobody can fall back to a weaker one."
        )
    }

    private func unprefixed(_ prefix: String) -> Explanation.Cause {
        // `v0=`: what stands before the mark is a version or an algorithm.
        let mark = prefix.last.map(String.init) ?? ""
        let own = mark.isEmpty ? nil : value.firstRange(of: mark).map { String(value[..<$0.lowerBound]) }
        if let own, Self.isLabel(own), own.lowercased() != prefix.dropLast().lowercased() {
            return cause(
                "scheme-version", "The signature in \(name) begins with `\(own)\(mark)`, and scheme \(scheme.name) takes `\(prefix)` only.",
                "Another version or algorithm is not taken, so that nobody can fall back to a weaker one.",
                "Let the sender sign as `\(prefix)` stands for.")
        }
        return cause(
            "signature-prefix", "The signature in \(name) does not begin with `\(prefix)`.", "Scheme \(scheme.name) has it there.",
            "Let the sender write `\(prefix)` before it, or use a scheme with `layout: bare`.")
    }

    /// A word such as `v0` or `sha1`, that may stand for another version.
    private static func isLabel(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 12 && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
    }

    private func cause(_ name: String, _ summary: String, _ evidence: String, _ fix: String) -> Explanation.Cause {
        Explanation.Cause(cause: name, certainty: .evident, summary: summary, evidence: evidence, fix: fix)
    }

    /// As which encodings a text can be read, hex first: its alphabet is the smallest.
    private static func readings(_ text: String) -> [(encoding: SignatureSource.Encoding, count: Int)] {
        var readings: [(SignatureSource.Encoding, Int)] = []
        if let bytes = Hex.decode(text) { readings.append((.hex, bytes.count)) }
        if let bytes = Base64.decode(text) { readings.append((.base64, bytes.count)) }
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        if standard != text, let bytes = Base64.decode(standard) { readings.append((.base64url, bytes.count)) }
        return readings
    }

    /// As senders name it before the signature.
    static func label(_ algorithm: SignatureAlgorithm) -> String {
        algorithm.rawValue.hasPrefix("hmac-") ? String(algorithm.rawValue.dropFirst(5)) : algorithm.rawValue
    }

    /// Of the algorithms that make one length only.
    private static func length(_ algorithm: SignatureAlgorithm) -> Int? {
        switch algorithm {
        case .hmacSHA1: 20
        case .hmacSHA256, .sha256: 32
        case .hmacSHA384: 48
        case .hmacSHA512, .ed25519, .ecdsaP256Raw: 64
        case .ecdsaP256DER, .rsaPKCS1SHA1, .rsaPKCS1SHA256, .rsaPSSSHA256, .rsaPSSSHA512, .equality: nil
        }
    }

    private static let names = [16: "MD5", 20: "SHA-1", 28: "SHA-224", 32: "SHA-256", 48: "SHA-384", 64: "SHA-512"]

    private static func split(_ text: String, _ separator: String) -> [Substring] {
        text.split(separator: separator, omittingEmptySubsequences: true)
    }

    private static func trimmed(_ text: Substring) -> String { String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
