internal import GatehouseHTTP
internal import GatehousePolicy

/// A scheme compiled for one endpoint: where everything is, and which bytes go to the key in which order.
final class SchemePlan: Sendable {
    struct Header: Sendable {
        let source: SourcePlan
        /// May be there more than once.
        let several: Bool
    }

    enum Part: Sendable {
        case literal(StableBytes)
        case body
        case timestamp
        /// A header, query or JSON value, and the literals beside it, none of which it may hold (SEC-59).
        case value(SourcePlan, separators: [[UInt8]])
        case method
        case path
        case url
        /// Only digested schemes have it; fed from the key, not from the request.
        case secret
    }

    let name: String
    let signatures: [Header]
    let layout: LayoutPlan
    let encoding: SignatureSource.Encoding
    /// One, or those the sender may choose among.
    let algorithms: [SignatureAlgorithm]
    let keyForm: KeyForm
    let parts: [Part]
    /// Where the time is; nil where the layout holds it.
    let timestampSource: SourcePlan?
    let timestampUnit: TimestampSource.Unit?
    let window: Window
    /// The signature covers the time.
    let timestampIsSigned: Bool
    let eventID: SourcePlan?
    let eventType: SourcePlan?
    /// The signature covers the event's id.
    let idIsSigned: Bool
    /// Signs nothing but proves knowledge of the value.
    let isEquality: Bool
    let okStatus: Int
    /// The signed string is the body and nothing else, so its digest is the body's.
    let signsBodyOnly: Bool
    /// Some handshake answers with a MAC under this scheme's key, so no short plain value may pass as a signed string (SEC-61).
    let answersKeyed: Bool
    let publicURL: StableBytes
    /// A request with a query is refused unless its body shows where it begins.
    let isQueryBoundaryOpen: Bool
    /// A request whose body holds the URL is refused unless it shows where it ends.
    let isBodyBeforeURL: Bool

    init(_ scheme: Scheme, endpoint: EndpointPolicy, paths: inout JSONPaths) {
        name = scheme.name
        signatures = scheme.signature.sources.map { Header(source: SourcePlan($0, paths: &paths), several: scheme.signature.several) }
        layout = LayoutPlan(scheme.signature.layout)
        encoding = scheme.signature.encoding
        algorithms = scheme.algorithms
        keyForm = scheme.key
        isEquality = scheme.algorithms == [.equality]
        parts = isEquality ? [] : Self.parts(scheme, paths: &paths)
        timestampSource = scheme.timestamp?.source.map { SourcePlan($0, paths: &paths) }
        timestampUnit = scheme.timestamp?.unit
        window = Window(endpoint.replay, scheme.timestamp)
        timestampIsSigned = !isEquality && scheme.signsTimestamp
        let id = scheme.event.id ?? endpoint.event?.id
        eventID = id.map { SourcePlan($0, paths: &paths) }
        eventType = (scheme.event.type ?? endpoint.event?.type).map { SourcePlan($0, paths: &paths) }
        idIsSigned = !isEquality && id.map { scheme.isSigned($0) } ?? false
        okStatus = scheme.okStatus
        signsBodyOnly = !isEquality && scheme.signed == [.body]
        answersKeyed = scheme.handshakes.contains { if case .keyed = $0.answer { true } else { false } }
        // The request's own query is what the sender signed; what stands before it is never taken from the request.
        publicURL = StableBytes(String(endpoint.publicURL.prefix { $0 != "?" }))
        isQueryBoundaryOpen = QueryBoundary.isOpen(scheme)
        isBodyBeforeURL = QueryBoundary.isBodyBefore(scheme)
    }

    private static func parts(_ scheme: Scheme, paths: inout JSONPaths) -> [Part] {
        var parts: [Part] = []
        for (index, part) in scheme.signed.enumerated() {
            let separators = scheme.separators(at: index).map { Array($0.utf8) }
            switch part {
            case .literal(let text): parts.append(.literal(StableBytes(text)))
            case .body: parts.append(.body)
            case .timestamp: parts.append(.timestamp)
            case .header(let name): parts.append(.value(SourcePlan(.header(name), paths: &paths), separators: separators))
            case .json(let path): parts.append(.value(SourcePlan(.json(path), paths: &paths), separators: separators))
            case .method: parts.append(.method)
            case .path: parts.append(.path)
            case .url: parts.append(.url)
            case .secret: parts.append(.secret)
            }
        }
        return parts
    }
}
