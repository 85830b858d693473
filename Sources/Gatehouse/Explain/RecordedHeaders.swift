import GatehouseAudit

/// A refused request's headers, as its record has them.
struct RecordedHeaders: ReceivedHeaders {
    private let headers: [RecordValue]

    /// Nil where the record has none.
    init?(_ record: LogRecord) {
        guard let request = record.value["request"] else { return nil }
        headers = request["headers"]?.array ?? []
    }

    var names: [String] { headers.compactMap { $0["name"]?.string } }

    func length(of name: String) -> Int? {
        headers.first { $0["name"]?.string?.lowercased() == name.lowercased() }?["bytes"]?.integer.map { Int(clamping: $0) }
    }
}
