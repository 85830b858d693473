/// What the policy language knows and this build does not do. Policy that asks for it is refused: an event accepted under a promise that
/// nobody keeps would be lost.
enum UnservedFeature: String, Sendable, Hashable, CaseIterable {
    case cluster
    case nats
    case queue

    /// A feature that becomes served is taken out here, and nowhere else.
    static let current: Set<UnservedFeature> = [.cluster, .nats, .queue]

    var message: String {
        switch self {
        case .cluster: "shared state on NATS needs the cluster service, which this build does not serve"
        case .nats: "nats:// handlers need the cluster service, which this build does not serve"
        case .queue: "mode: queue needs the delivery service, which this build does not serve"
        }
    }

    var hint: String {
        switch self {
        case .cluster: "remove 'cluster'"
        case .nats: "use an http://, https://, exec:, file: or swift: handler"
        case .queue: "use mode: relay"
        }
    }
}
