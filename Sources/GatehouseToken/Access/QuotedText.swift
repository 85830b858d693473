/// A received text as a record's `detail` shows it.
package enum QuotedText {
    /// In quotation marks, at most 96 characters of it. What is no printable ASCII, and a quotation mark, stands there as `?`.
    package static func of(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(limit).map { 0x20...0x7e ~= $0.value && $0 != "\"" ? Character($0) : "?" }
        return "\"" + String(scalars) + (text.unicodeScalars.count > limit ? "…" : "") + "\""
    }

    private static let limit = 96
}
