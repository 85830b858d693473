public import GatehouseTime

/// Which records a review or an export is about: those for which everything that is set holds.
public struct RecordFilter: Sendable {
    /// Inclusive.
    public let since: WallTime?
    /// Exclusive.
    public let until: WallTime?
    public let reference: Reference?
    private let endpoint: [UInt8]?
    private let sender: [UInt8]?
    private let decision: [UInt8]?
    private let reason: [UInt8]?
    private let event: [UInt8]?
    private let eventName: [UInt8]?
    private let referenceText: [UInt8]?
    private let everyKind: Bool
    private let andTokens: Bool

    /// - Parameters:
    ///   - event: an event's id, type or key.
    ///   - andTokens: also what the token service decided, where nothing asked for rules it out.
    ///   - everyKind: also what is no decision, where nothing asked for rules it out.
    public init(
        since: WallTime? = nil, until: WallTime? = nil, endpoint: String? = nil, sender: String? = nil, decision: String? = nil,
        reason: String? = nil, event: String? = nil, reference: Reference? = nil, andTokens: Bool = false, everyKind: Bool = false
    ) {
        self.since = since
        self.until = until
        self.reference = reference
        self.everyKind = everyKind
        self.andTokens = andTokens
        self.endpoint = endpoint.map { Self.written($0, RecordLimit.name) }
        self.sender = sender.map { Self.written($0, RecordLimit.name) }
        self.decision = decision.map { Self.written($0, RecordLimit.name) }
        self.reason = reason.map { Self.written($0, RecordLimit.name) }
        self.event = event.map { Self.written($0, RecordLimit.event) }
        eventName = event.map { Self.written($0, RecordLimit.name) }
        referenceText = reference.map { Array($0.description.utf8) }
    }

    /// The record's fields where it is one of those; nil otherwise.
    public func matches(_ line: LogLine) -> LogFields? {
        if since != nil || until != nil {
            guard let time = line.time else { return nil }
            if let since, time < since { return nil }
            if let until, time >= until { return nil }
        }
        if let referenceText, !Self.equal(referenceText, line.text("reference")) { return nil }
        let fields = LogFields(line)
        guard everyKind || isWanted(fields) else { return nil }
        if let endpoint, !Self.equal(endpoint, fields.endpoint) { return nil }
        if let sender, !Self.equal(sender, fields.sender) { return nil }
        if let decision, !Self.equal(decision, fields.decision) { return nil }
        if let reason, !Self.equal(reason, fields.reason) { return nil }
        if let event, let eventName {
            guard
                Self.equal(event, fields.eventID) || Self.equal(event, fields.eventType) || Self.equal(eventName, fields.eventType)
                    || Self.equal(event, fields.eventKey)
            else { return nil }
        }
        return fields
    }

    /// A ``LateRecord`` belongs to an event and a request, so it is shown to whoever asks for one of these.
    private func isWanted(_ fields: LogFields) -> Bool {
        guard let kind = fields.kind else { return false }
        switch kind.count {
        case 8: return kind.has("decision", at: 0)
        case 5: return andTokens && kind.has("token", at: 0)
        case 6: return andTokens && (event != nil || referenceText != nil) && fields.reference != nil && kind.has("system", at: 0)
        default: return false
        }
    }

    /// As a record would hold it, without the quotes.
    private static func written(_ text: String, _ limit: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.write { $0.append(text: text, limit: limit) }
        return Array(output.dropFirst().dropLast())
    }

    private static func equal(_ wanted: [UInt8], _ text: UnsafeRawBufferPointer?) -> Bool {
        guard let text, text.count == wanted.count else { return false }
        return wanted.withUnsafeBytes { $0.equals(text) }
    }
}
