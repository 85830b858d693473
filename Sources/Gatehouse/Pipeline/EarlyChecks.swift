import GatehouseHTTP
import GatehousePolicy
import GatehouseTLS
import GatehouseVerify

/// What a request's head alone decides, before a byte of its body is asked for or kept.
///
/// A class with what it needs of the policy, since every request passes it: the whole policy as a value is dear to hand around.
final class EarlyChecks: Sendable {
    private struct Listener {
        let forwardedBy: GatewayPolicy.ForwardedBy?
        /// It serves several identities, so that a host name can belong to another one.
        let hasNames: Bool
    }

    private let listeners: [Listener]
    private let trustedProxies: [Network]
    private let table: RouteTable

    init(_ policy: GatewayPolicy, _ table: RouteTable) {
        listeners = policy.listeners.map { Listener(forwardedBy: $0.forwardedBy, hasNames: !$0.names.isEmpty) }
        trustedProxies = policy.trustedProxies
        self.table = table
    }

    enum Outcome {
        case admitted(Route)
        case refused(Refusal)
    }

    struct Refusal: Error {
        var reason: RefusalReason
        var status: Int
        var route: Route?
        var fields: [(name: String, value: String)] = []
        /// The bytes behind the head cannot be told apart from a next request, so the connection ends.
        var closes = false

        init(
            _ reason: RefusalReason, _ status: Int, _ route: Route? = nil, fields: [(name: String, value: String)] = [],
            closes: Bool = false
        ) {
            self.reason = reason
            self.status = status
            self.route = route
            self.fields = fields
            self.closes = closes
        }

        init(_ refusal: HTTPRefusal, route: Route?) {
            self.init(Self.reason(of: refusal), refusal.status, route, closes: true)
        }

        static func reason(of refusal: HTTPRefusal) -> RefusalReason {
            switch refusal {
            case .malformed(let problem): RefusalReason(.malformed, problem.rawValue)
            case .unknownTransferCoding: RefusalReason(.malformed, "transfer coding")
            case .requestLineTooLong: RefusalReason(.tooLarge, "request line")
            case .headTooLarge: RefusalReason(.tooLarge, "head")
            case .bodyTooLarge: RefusalReason(.tooLarge, "body")
            }
        }
    }

    /// What the connection brings along.
    struct Context {
        var listener: Int
        var peer: IPAddress
        /// Which of the listener's identities the handshake chose; nil outside a connection.
        var identity: Int?
        /// Knows which identity a host name belongs to; nil outside a connection.
        var identities: TLSServerContext?
    }

    /// The sender's address: `peer`, or what a trusted proxy says.
    func remote(_ view: RequestView, _ context: Context) -> Result<IPAddress, Refusal> {
        guard listeners.indices.contains(context.listener), let kind = listeners[context.listener].forwardedBy, kind != .proxyV2
        else { return .success(context.peer) }
        switch Forwarded.resolve(view, by: kind, peer: context.peer, trusted: trustedProxies) {
        case .address(let address): return .success(address)
        case .malformed: return .failure(Refusal(RefusalReason(.malformed, kind.rawValue), 400, closes: true))
        }
    }

    /// The order is from the connection to the body: host, path, method, expectation, media type, coding, size.
    func run(_ view: RequestView, _ context: Context) -> Outcome {
        if let identity = context.identity, listeners.indices.contains(context.listener), listeners[context.listener].hasNames {
            let host = String(decoding: view[view.head.host], as: UTF8.self)
            let other = context.identities?.identityIndex(forHost: Self.hostName(host))
            // A Host that is nobody's may be what a balancer in front makes of it. A target in absolute form names its server itself,
            // whatever Host says (RFC 9112 section 3.2.2), and one that is nobody's was sent to the wrong one (RFC 9110 section 7.4).
            if let other, other != identity { return .refused(Refusal(RefusalReason(.host), 421, closes: true)) }
            if other == nil, view[view.head.target].first != UInt8(ascii: "/"), view[view.head.target].count > 1 {
                return .refused(Refusal(RefusalReason(.host), 421, closes: true))
            }
        }
        guard let route = table.route(path: view.path) else { return .refused(Refusal(RefusalReason(.notFound), 404)) }
        let method = view.method
        guard
            route.policy.methods.contains(where: { $0.utf8.elementsEqual(method) })
                || route.verifier.handshakeMethods.contains(where: { $0.utf8.elementsEqual(method) })
        else {
            return .refused(Refusal(RefusalReason(.method), 405, route, fields: [("Allow", route.allow)]))
        }
        if view.head.expectation == .other { return .refused(Refusal(RefusalReason(.expectation), 417, route)) }
        if !route.policy.mediaTypes.isEmpty, !Self.accepts(view, route.policy.mediaTypes) {
            return .refused(
                Refusal(RefusalReason(.mediaType), 415, route, fields: [("Accept", route.policy.mediaTypes.joined(separator: ", "))]))
        }
        if route.readsJSON, Self.hasContentCoding(view) {
            return .refused(Refusal(RefusalReason(.mediaType, Self.contentCoding), 415, route, fields: [("Accept-Encoding", "identity")]))
        }
        if case .length(let length) = view.head.body, length > route.bodyLimit {
            return .refused(Refusal(RefusalReason(.tooLarge, "body"), 413, route))
        }
        return .admitted(route)
    }

    /// What a record says in detail where the body's coding, not its type, is what the endpoint does not take.
    static let contentCoding = "content coding"

    /// Without the port and brackets.
    static func hostName(_ authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    static func accepts(_ view: RequestView, _ types: [String]) -> Bool {
        guard case .one(let value) = view.field(.contentType) else { return false }
        var type: [UInt8] = []
        for byte in value {
            if byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { break }
            type.append(0x41 <= byte && byte <= 0x5a ? byte | 0x20 : byte)
        }
        return types.contains { wanted in
            if wanted.hasSuffix("/*") { return type.starts(with: wanted.utf8.dropLast()) }
            return wanted.utf8.elementsEqual(type)
        }
    }

    static func hasContentCoding(_ view: RequestView) -> Bool {
        view.values(.contentEncoding).contains { value in
            !value.isEmpty && !(value.count == 8 && String(decoding: value, as: UTF8.self).lowercased() == "identity")
        }
    }
}

/// A reason code and, for the log only, what exactly was wrong.
struct RefusalReason: Sendable {
    var reason: Reason
    var detail: String?

    init(_ reason: Reason, _ detail: String? = nil) {
        self.reason = reason
        self.detail = detail
    }
}
