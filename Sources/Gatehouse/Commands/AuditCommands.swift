public import GatehouseAudit
import GatehousePolicy
import GatehouseState

/// What `gatehouse audit …` does, beside a running gateway and on the state of a stopped one.
public struct AuditCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// Recomputes the whole log. Beside a running gateway up to the record that is synced when this is called.
    public func verify() throws -> LogVerification {
        let directory = place.directory + "/audit"
        let response: ControlResponse
        do {
            response = try ControlClient(state: place.directory).send(ControlRequest("head"))
        } catch {
            guard error.code == .notRunning else { throw error }
            let stopped = try StoppedState(try place.policy(), mode: .existing)
            defer { stopped.close() }
            return try AuditLog(directory: directory).verify(synced: try stopped.state.progress().head)
        }
        guard response.ok, let head = try response.result?.decode(SyncedHead.self).head else {
            throw GatewayError(.control, response.error ?? "the gateway did not say how far its log is synced")
        }
        return try AuditLog(directory: directory).verify(synced: head, isRunning: true)
    }
}

/// How far a running gateway's log is synced, on its control socket.
struct SyncedHead: Codable {
    var sequence: UInt64
    var hash: String

    init(_ head: ChainHead) {
        sequence = head.sequence
        hash = head.hash.description
    }

    var head: ChainHead? { SHA256Value(hex: hash).map { ChainHead(sequence: sequence, hash: $0) } }
}
