/// Something that the gateway itself did or noticed.
public struct SystemRecord: Sendable, Hashable {
    public var event: Event
    /// In this order; at most ``RecordLimit/items``.
    public var details: [Detail]

    /// An open set: readers show events that they do not know.
    public struct Event: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let start = Event(rawValue: "start")
        public static let stop = Event(rawValue: "stop")
        public static let reload = Event(rawValue: "reload")
        /// ``LateRecord``.
        public static let acceptedLate = Event(rawValue: "accepted-late")
        public static let checkpoint = Event(rawValue: "checkpoint")
        /// The wall clock stepped.
        public static let clock = Event(rawValue: "clock")
        /// A start cut a torn tail off.
        public static let journalRepaired = Event(rawValue: "journal-repaired")
        /// Segments whose time to be kept is over are deleted; an anchor stands in their place.
        public static let retention = Event(rawValue: "retention")
        /// A failed write or sync is over; what it covered follows as new records.
        public static let journalRecovered = Event(rawValue: "journal-recovered")
    }

    public struct Detail: Sendable, Hashable {
        public var name: String
        public var value: Value

        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    public enum Value: Sendable, Hashable {
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([String])
    }

    public init(_ event: Event, _ details: [Detail] = []) {
        self.event = event
        self.details = details
    }

    /// As ``DecisionRecord/encode(into:)``: `"kind":"system","action":"…","details":{…}`.
    public func encode(into output: inout [UInt8]) { output.write { encode(to: &$0) } }

    private func encode(to output: inout RecordWriter) {
        output.append("\"kind\":\"system\",\"action\":", text: event.rawValue)
        output.append(details: details)
    }

    public var members: [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }
}

extension RecordWriter {
    mutating func append(details: [SystemRecord.Detail]) {
        guard !details.isEmpty else { return }
        append(",\"details\":{")
        var first = true
        for detail in details.prefix(RecordLimit.items) {
            if !first { append(",") }
            first = false
            append(text: detail.name, limit: RecordLimit.fieldName)
            append(":")
            switch detail.value {
            case .text(let text): append(text: text, limit: RecordLimit.value)
            case .number(let number): append(decimal: number)
            case .flag(let flag): append(flag ? "true" : "false")
            case .list(let list): append(list: list, most: RecordLimit.items / 4)
            }
        }
        append("}")
    }
}
