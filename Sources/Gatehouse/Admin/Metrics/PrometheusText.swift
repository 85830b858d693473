/// Builds a page in the Prometheus text format, version 0.0.4.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram, summary }

    typealias Labels = KeyValuePairs<String, String>

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: Labels, _ value: UInt64) { append(name, labels, String(value)) }
    mutating func sample(_ name: String, _ labels: Labels, _ value: Int) { append(name, labels, String(value)) }
    mutating func sample(_ name: String, _ labels: Labels, _ value: Double) { append(name, labels, Self.number(value)) }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        family(name, kind, help)
        sample(name, [:], value)
    }

    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [:], value)
    }

    /// The buckets, sum and count of one histogram.
    mutating func histogram(_ name: String, label: (name: String, value: String)? = nil, _ figures: HistogramFigures) {
        let own = label.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        var total: UInt64 = 0
        for (index, count) in figures.counts.enumerated() {
            total += count
            let bound = index < figures.bounds.count ? Self.number(figures.bounds[index]) : "+Inf"
            line("\(name)_bucket", [own, "le=\"\(bound)\""].compactMap { $0 }, String(total))
        }
        line("\(name)_sum", [own].compactMap { $0 }, Self.number(figures.sum))
        line("\(name)_count", [own].compactMap { $0 }, String(total))
    }

    private mutating func append(_ name: String, _ labels: Labels, _ value: String) {
        line(name, labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }, value)
    }

    private mutating func line(_ name: String, _ labels: [String], _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            // The format lets other controls pass; a terminal would obey them.
            case "\u{0}"..<" ", "\u{7f}"..<"\u{a0}": escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
