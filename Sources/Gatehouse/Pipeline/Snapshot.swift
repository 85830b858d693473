import GatehousePolicy
import GatehouseTLS
import GatehouseVerify

/// Policy, credentials and certificates as one immutable value. A request keeps the one it began with; a change makes a new one, which every
/// loop takes over whole.
final class Snapshot: Sendable {
    let policy: Policy
    let verifier: Verifier
    let table: RouteTable
    /// By listener.
    let listeners: [TLSServerContext]
    /// What relays connect to, with the client's TLS for `https://`.
    let relayTargets: [RelayTarget: TLSClientContext?]
    init(
        policy: Policy, verifier: Verifier, routes: [Route], listeners: [TLSServerContext], relayTargets: [RelayTarget: TLSClientContext?]
    ) {
        self.policy = policy
        self.verifier = verifier
        table = RouteTable(routes)
        self.listeners = listeners
        self.relayTargets = relayTargets
    }

    var routes: [Route] { table.routes }
}
