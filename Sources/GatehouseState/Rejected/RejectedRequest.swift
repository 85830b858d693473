public import GatehouseAudit
public import GatehouseCrypto
public import GatehouseTime

/// A refused request, whole, as `explain` looks at it.
public struct RejectedRequest: Sendable {
    public var reference: Reference
    /// When it arrived.
    public var arrived: WallTime
    /// As a raw HTTP/1.1 request; wiped with its last reference.
    public var content: Secret

    public init(reference: Reference, arrived: WallTime, content: Secret) {
        self.reference = reference
        self.arrived = arrived
        self.content = content
    }
}
