import GatehouseOAuth
import GatehousePolicy
import GatehouseTLS
import GatehouseToken
import GatehouseVerify

/// Policy, credentials and certificates as one immutable value. A request keeps the one it began with; a change makes a new one, which every
/// loop takes over whole.
final class Snapshot: Sendable {
    let policy: Policy
    let verifier: Verifier
    let table: RouteTable
    let early: EarlyChecks
    /// `audit.on-failure: allow`.
    let goesOnUnrecorded: Bool
    let validator: AccessTokenValidator
    /// Issues tokens, with the same credentials and keys as `verifier`.
    let authorization: AuthorizationServer
    /// By listener.
    let listeners: [TLSServerContext]
    /// What relays connect to, with the client's TLS for `https://`.
    let relayTargets: [RelayTarget: TLSClientContext?]

    init(
        policy: Policy, verifier: Verifier, validator: AccessTokenValidator, authorization: AuthorizationServer, routes: [Route],
        services: [Route], listeners: [TLSServerContext], relayTargets: [RelayTarget: TLSClientContext?]
    ) {
        self.policy = policy
        self.verifier = verifier
        self.validator = validator
        self.authorization = authorization
        table = RouteTable(routes, services: services)
        early = EarlyChecks(policy.gateway, table)
        goesOnUnrecorded = policy.gateway.audit.onFailure == .allow
        self.listeners = listeners
        self.relayTargets = relayTargets
    }

    var routes: [Route] { table.routes }
}
