/// The handler took an event after its request had ended as `failed`: from here on the event counts as accepted for its duplicates.
///
/// A request has one decision record, so this is a record of the gateway's own (`"kind":"system"`), with the members of a decision that
/// name the request and the event.
public struct LateRecord: Sendable {
    /// Of the request that the handler answered too late.
    public var reference: Reference
    public var endpoint: String
    public var sender: String?
    public var event: DecisionRecord.Event?
    public var body: DecisionRecord.Body?
    /// The status that the handler answered with; no sender got it yet.
    public var answer: Int

    public init(
        reference: Reference, endpoint: String, sender: String?, event: DecisionRecord.Event?, body: DecisionRecord.Body?, answer: Int
    ) {
        self.reference = reference
        self.endpoint = endpoint
        self.sender = sender
        self.event = event
        self.body = body
        self.answer = answer
    }

    /// As ``DecisionRecord/encode(into:)``: `"kind":"system","action":"accepted-late","reference":"…"` and so on.
    public var members: [UInt8] {
        var output: [UInt8] = []
        output.write { encode(to: &$0) }
        return output
    }

    private func encode(to output: inout RecordWriter) {
        output.append("\"kind\":\"system\",\"action\":", text: SystemRecord.Event.acceptedLate.rawValue)
        output.append(",\"reference\":\"")
        output.append(reference)
        output.append("\"")
        output.append(",\"endpoint\":", text: endpoint)
        if let sender { output.append(",\"sender\":", text: sender) }
        event?.encode(to: &output)
        body?.encode(to: &output)
        output.append(",\"answer\":")
        output.append(decimal: Int64(answer))
    }
}
