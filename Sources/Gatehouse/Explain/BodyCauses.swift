import Foundation

/// The body is not the one that was signed: what proxies, frameworks and editors do to it, undone.
struct BodyCauses {
    let bench: ExplainBench

    func walk(_ visit: Supposition.Visit) -> Bool {
        let body = bench.request.body
        return variants(body) { name, what, variant in
            guard variant != body else { return false }
            var trial = bench
            trial.request.body = variant
            let cause = Supposition.proved(
                name, "The body was changed after it was signed: \(what).",
                "The signature is right for \(variant.count) bytes; \(body.count) came.",
                "The sender must sign the very bytes that it sends, and nothing between it and the gateway may rewrite them.")
            return visit(Supposition(bench: trial, cause: cause))
        }
    }

    /// What the request shows of its body, where no way back was found.
    func traces() -> [Explanation.Cause] { coding() + cut() }

    private func coding() -> [Explanation.Cause] {
        let body = bench.request.body
        guard let coding = bench.request.value("content-encoding")?.lowercased(), !coding.isEmpty, coding != "identity" else { return [] }
        let isCompressed = Inflate.decompress(body) != nil || coding.contains("br") || coding.contains("zstd")
        return [
            isCompressed
                ? Explanation.Cause(
                    cause: "body-compressed", certainty: .possible,
                    summary: "The body is compressed, and the sender may have signed it before that.",
                    evidence: "Content-Encoding is set. The gateway verifies the bytes that arrive.",
                    fix: "Sign what is sent, or send it uncompressed.")
                : Explanation.Cause(
                    cause: "body-decompressed", certainty: .evident,
                    summary: "The body was decompressed on the way, and the sender signed it compressed.",
                    evidence: "Content-Encoding says \(coding.prefix(20)), and the body is not.",
                    fix: "Keep whatever stands before the gateway from decompressing requests, or let the sender send them uncompressed.")
        ]
    }

    /// It begins as JSON and is none: what was signed cannot be had back, but that something is gone can be seen.
    private func cut() -> [Explanation.Cause] {
        let body = bench.request.body
        let first = body.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
        guard bench.request.value("content-type")?.lowercased().contains("json") == true || first == 0x7b || first == 0x5b,
            !body.isEmpty, bench.request.value("content-encoding") == nil, JSONShape(body) == nil, JSONShape.isCutOff(body)
        else { return [] }
        return [
            Explanation.Cause(
                cause: "body-cut-off", certainty: .evident,
                summary: "The body is cut off: its JSON ends in the midst, after \(body.count) bytes.",
                evidence: "Brackets or quotes that were opened are not closed at its end.",
                fix: "Look for a limit of about \(body.count) bytes at the sender, or at a proxy before the gateway.")
        ]
    }

    /// Gets the cause's name, what happened, and the body before it; true ends the walk.
    private typealias Take = (_ name: String, _ what: String, _ body: [UInt8]) -> Bool

    /// Made one after another, since many copies of a large body would take much memory and time.
    private func variants(_ body: [UInt8], _ take: Take) -> Bool {
        Self.ends(body).contains { take($0.0, $0.1, $0.2) } || (JSONShape(body).map { Self.reformatted($0, take) } ?? false)
            || Self.texts(body).contains { take($0.0, $0.1, $0.2) } || Self.forms(body, take) || Self.truncated(body, take)
    }

    private static func ends(_ body: [UInt8]) -> [(String, String, [UInt8])] {
        [
            ("body-newline-lost", "a newline at its end was lost", body + [0x0a]),
            ("body-newline-lost", "a CR LF at its end was lost", body + [0x0d, 0x0a]),
            ("body-newline-added", "a newline was added at its end", body.last == 0x0a ? Array(body.dropLast()) : body),
            ("body-newline-added", "newlines were added at its end", Array(body.reversed().drop { $0 == 0x0a || $0 == 0x0d }.reversed())),
            ("body-line-ends", "LF became CR LF", replacing(body, [0x0d, 0x0a], [0x0a])),
            ("body-line-ends", "CR LF became LF", replacing(replacing(body, [0x0d, 0x0a], [0x0a]), [0x0a], [0x0d, 0x0a])),
            ("body-byte-order-mark", "a byte order mark was taken away", [0xef, 0xbb, 0xbf] + body),
            (
                "body-byte-order-mark", "a byte order mark was added",
                body.starts(with: [0xef, 0xbb, 0xbf]) ? Array(body.dropFirst(3)) : body
            ),
            ("body-empty", "an empty body was signed", []),
        ]
    }

    private static func texts(_ body: [UInt8]) -> [(String, String, [UInt8])] {
        var variants: [(String, String, [UInt8])] = []
        if let text = String(validating: body, as: UTF8.self) {
            if !body.allSatisfy({ $0 < 0x80 }) {
                variants.append(
                    ("body-normalised", "its text was normalised to NFC", Array(text.decomposedStringWithCanonicalMapping.utf8)))
                variants.append(
                    ("body-normalised", "its text was normalised to NFD", Array(text.precomposedStringWithCanonicalMapping.utf8)))
                if text.unicodeScalars.allSatisfy({ $0.value < 256 }) {
                    variants.append(
                        ("body-charset", "ISO 8859-1 became UTF-8", text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }))
                }
            }
        } else {
            variants.append(
                ("body-charset", "UTF-8 became ISO 8859-1", Array(String(String.UnicodeScalarView(body.map { Unicode.Scalar($0) })).utf8)))
        }
        if let plain = Inflate.decompress(body) { variants.append(("body-compressed", "it was compressed", plain)) }
        return variants
    }

    private static func truncated(_ body: [UInt8], _ take: Take) -> Bool {
        [256, 512, 1_000, 1_024, 2_048, 4_096, 8_192, 10_000, 16_384, 32_768, 65_535, 65_536, 100_000, 131_072, 262_144, 524_288]
            .contains { size in
                body.count > size && take("body-truncated", "only its first \(size) bytes were signed", Array(body[..<size]))
            }
    }

    /// As the usual libraries write the same JSON, the usual styles first.
    private static func reformatted(_ shape: JSONShape, _ take: Take) -> Bool {
        let what = "JSON was parsed and written anew (blanks, order of members or escapes differ)"
        for sorted in [false, true] {
            for strings in JSONShape.Style.Strings.allCases {
                for var style in JSONShape.Style.usual {
                    style.sorted = sorted
                    style.strings = strings
                    let text = shape.text(style)
                    if take("body-reformatted", what, text) || take("body-reformatted", what, text + [0x0a]) { return true }
                }
            }
        }
        return false
    }

    private static func replacing(_ bytes: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if rest.starts(with: old) {
                result += new
                rest = rest.dropFirst(old.count)
            } else if let byte = rest.popFirst() {
                result.append(byte)
            }
        }
        return result
    }

    /// A form as the usual libraries write it: what stands unescaped in PHP and Python, in browsers, in JavaScript, and by RFC 3986.
    private static func forms(_ body: [UInt8], _ take: Take) -> Bool {
        guard let form = FormText(body) else { return false }
        let what = "its form was decoded and encoded anew (escapes, blanks or order differ)"
        for plain in ["-_.", "-_.~", "-_.*", "-_.!~*'()", "-_.~:/@,$"] {
            for blank in ["+", "%20"] {
                for upper in [true, false] {
                    for sorted in [false, true]
                    where take("body-form-encoded", what, form.text(plain: plain, blank: blank, upper: upper, sorted: sorted)) {
                        return true
                    }
                }
            }
        }
        return false
    }
}
