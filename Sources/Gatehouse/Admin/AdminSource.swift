/// What the admin listener asks the gateway.
protocol AdminSource: Sendable {
    /// Whether new events are welcome here.
    var readiness: AdminReadiness { get async }
    /// The page of `/metrics`, in the form of ``PrometheusText``.
    func metrics() async throws -> String
}

enum AdminReadiness: Sendable, Hashable {
    case ready
    /// And why, in a few words for an operator: `draining`, `the journal cannot be written`.
    case notReady(String)
}
