import GatehouseTime
public import HTTPTypes
import NIOCore

/// An event whose sender was proved as the endpoint's policy demands. Only the gateway makes one.
public struct AuthenticatedEvent: Sendable {
    private let handOver: HandOver

    init(_ handOver: HandOver) { self.handOver = handOver }

    /// The received body, byte for byte.
    public var body: [UInt8] { Array(handOver.body.readableBytesView) }

    /// The request's end-to-end header fields as received, without `Authorization` and without any that begin with `Gatehouse-`.
    /// Whether the sender proved them depends on what its scheme signs; the other properties of this event do not come from them.
    public var headers: HTTPFields {
        var fields = HTTPFields()
        for (name, value) in handOver.fields {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }

    /// The request's method; `POST` unless the endpoint's policy says otherwise.
    public var method: String { handOver.method }
    public var contentType: String? { handOver.contentType }
    /// The endpoint's name.
    public var endpoint: String { handOver.endpoint }
    /// The name of the sender that proved itself.
    public var sender: String { handOver.sender }
    /// The event's id where the endpoint's scheme or policy says where to find it and the message has one.
    public var id: String? { handOver.eventID }
    /// ``id`` is only the beginning of an id that is longer than 256 bytes; two events may have the same beginning.
    public var isIDCut: Bool { handOver.isEventIDCut }
    /// The event's type, likewise.
    public var type: String? { handOver.eventType }
    /// When the gateway received the request: microseconds since 1970-01-01T00:00:00Z.
    public var receivedMicroseconds: Int64 { handOver.received.microseconds }
    /// When the gateway received the request, in RFC 3339: `2026-11-24T02:01:02.123456Z`.
    public var received: String { handOver.received.description }
    /// The request's id: in the answer, in the audit record and in the log.
    public var reference: String { handOver.reference }
    /// What was checked, as a structured field list (RFC 8941): `signature;scheme="github";version=3`.
    public var checks: String { handOver.checks }
    /// 1 for the first hand-over of this event to this handler.
    public var attempt: Int { handOver.attempt }
}
