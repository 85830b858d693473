import GatehouseCrypto
package import GatehousePolicy
import GatehouseState
package import GatehouseTLS
import GatehouseToken
import GatehouseVerify
import Logging

/// Makes snapshots, and keeps over reloads what must not begin anew with each: clients of handlers, rate buckets, ticket keys.
///
/// Owned by one task at a time (the runtime's actor).
struct SnapshotBuilder {
    private let handlers: [String: any EventHandler]
    private let names: MetricsNames
    private let log: Logger
    private let tickets = TicketKeys()
    private var clients: [Delivery.Target: any HandlerClient] = [:]
    private let passwordCache = PasswordCache()
    private var tokens: TokenKeys

    init(handlers: [String: any EventHandler], names: MetricsNames, log: Logger, tokens: TokenStore) {
        self.tokens = TokenKeys(store: tokens)
        self.handlers = handlers
        self.names = names
        self.log = log
    }

    /// A whole new snapshot, or nothing: certificates, authorities and handlers are all opened before anything is taken over.
    mutating func make(_ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys, previous: Snapshot?) throws -> Snapshot {
        let listeners = try policy.gateway.listeners.map { try TLSServerContext($0, tickets: tickets) }
        var targets: [RelayTarget: TLSClientContext?] = [:]
        for delivery in policy.endpoints.flatMap(\.deliver) {
            guard case .http(let tls, let host, let port, _) = delivery.to else { continue }
            let target = RelayTarget(tls: tls, host: host, port: port, ca: delivery.ca)
            if targets[target] == nil { targets[target] = .some(tls ? try TLSClientContext(caFile: delivery.ca) : nil) }
        }
        let before = tokens
        do {
            try tokens.trust(policy.gateway.oauth.trust)
            return try assemble(policy, credentials, keys, listeners: listeners, targets: targets, previous: previous)
        } catch {
            // The snapshots to come are of the old policy, and so are its outside issuers' keys.
            tokens = before
            throw error
        }
    }

    /// The same policy and certificates with other credentials and token-signing keys.
    mutating func make(_ credentials: CredentialSet, _ keys: DerivedKeys, previous: Snapshot) throws -> Snapshot {
        try assemble(
            previous.policy, credentials, keys, listeners: previous.listeners, targets: previous.relayTargets, previous: previous)
    }

    /// Clients that no snapshot names any more; the caller shuts them down once their events are done.
    mutating func takeUnused(_ snapshot: Snapshot) -> [any HandlerClient] {
        let used = Set(snapshot.policy.endpoints.flatMap(\.deliver).map(\.to))
        let unused = clients.filter { !used.contains($0.key) }
        for target in unused.keys { clients[target] = nil }
        return Array(unused.values)
    }

    /// The names that `to: swift:NAME` may have.
    var swiftHandlers: Set<String> { Set(handlers.keys) }

    /// The keys of own tokens, as the newest snapshot has them.
    var signing: SigningKeySet { tokens.signing }

    var allClients: [any HandlerClient] { Array(clients.values) }

    private mutating func assemble(
        _ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys, listeners: [TLSServerContext],
        targets: [RelayTarget: TLSClientContext?], previous: Snapshot?
    ) throws -> Snapshot {
        let (validator, authorization) = try tokens.service(policy, credentials, keys)
        let verifier = try Verifier(policy: policy, credentials: credentials, keys: keys, passwords: passwordCache, tokens: validator)
        let known = Dictionary(previous?.routes.map { ($0.policy.name, $0) } ?? [], uniquingKeysWith: { first, _ in first })
        var routes: [Route] = []
        for (index, endpoint) in policy.endpoints.enumerated() {
            let before = known[endpoint.name]
            let rate = endpoint.limits.rate.map { rate in
                if let before, before.policy.limits.rate == rate, let limiter = before.rate { return limiter }
                return RateLimiter(rate)
            }
            routes.append(
                Route(
                    index: index, policy: endpoint, verifier: verifier.endpoints[index], schemes: policy.schemes,
                    limits: policy.gateway.limits,
                    rate: rate, hand: try plan(endpoint, credentials), names: names))
        }
        return Snapshot(
            policy: policy, verifier: verifier, validator: validator, authorization: authorization, routes: routes,
            services: try TokenPath.routes(policy, keys: keys, names: names), listeners: listeners, relayTargets: targets)
    }

    private mutating func plan(_ endpoint: EndpointPolicy, _ credentials: CredentialSet) throws -> HandOverPlan {
        guard let delivery = endpoint.deliver.first(where: { $0.mode == .relay }) else { return HandOverPlan(relay: nil) }
        let handler: HandOverPlan.Handler
        if case .http(let tls, let host, let port, let path) = delivery.to {
            handler = .http(
                RelayLines(target: RelayTarget(tls: tls, host: host, port: port, ca: delivery.ca), path: path, endpoint: endpoint.name))
        } else {
            handler = .client(try client(delivery.to, endpoint: endpoint.name))
        }
        return HandOverPlan(
            relay: HandOverPlan.Relay(
                delivery: delivery, handler: handler, events: delivery.events.isEmpty ? nil : EventPatterns(delivery.events),
                signer: delivery.sign ? delivery.name.map { HandOverSigner(credentials: credentials, handler: $0) } : nil))
    }

    private mutating func client(_ target: Delivery.Target, endpoint: String) throws -> any HandlerClient {
        if let client = clients[target] { return client }
        let client: any HandlerClient
        switch target {
        case .exec(let command): client = ExecHandler(command: command, logger: log)
        case .file(let path): client = try FileHandler(path: path)
        case .swift(let name):
            guard let handler = handlers[name] else {
                throw GatewayError(
                    .handler,
                    "endpoint \(endpoint): no handler named \(name) in this program; `to: swift:NAME` names one that was given to Gateway(handlers:)"
                )
            }
            client = SwiftHandler(name: name, handler: handler)
        case .http, .nats:
            throw GatewayError(.handler, "endpoint \(endpoint): this kind of handler cannot be relayed to")
        }
        clients[target] = client
        return client
    }
}

extension TLSServerContext {
    /// Of a policy's listener. What is wrong with its files is said, once, at their place in the policy.
    package convenience init(_ listener: GatewayPolicy.Listener, tickets: TicketKeys) throws(PolicyError) {
        do {
            try self.init(TLSServerConfiguration(listener), tickets: tickets)
        } catch {
            var diagnostics: [Diagnostic] = []
            for problem in error.problems.isEmpty ? [error.message] : error.problems {
                let isOfList = listener.clientCRL.map { problem.hasPrefix($0) } ?? false
                let diagnostic = (isOfList ? listener.crlPlace ?? listener.place : listener.place).diagnostic(problem)
                if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
            }
            throw PolicyError(diagnostics: diagnostics)
        }
    }
}

extension TLSServerConfiguration {
    /// The identities, version and revocation list of a policy's listener.
    package init(_ listener: GatewayPolicy.Listener) {
        self.init(
            listener: listener.address.description,
            identities: ([listener.identity] + listener.names).map {
                Identity(certificateFile: $0.certificate, keyFile: $0.privateKey, clientCAFile: $0.clientCA)
            },
            minimumVersion: listener.minimumTLS == .v13 ? .v13 : .v12, crlFile: listener.clientCRL)
    }
}
