import GatehousePolicy

extension EndpointPolicy {
    /// How long a copy of an event can be fresh: tolerance and future of its scheme that allows most.
    func freshness(_ schemes: [String: Scheme]) -> Duration {
        func span(_ timestamp: TimestampSource?) -> Duration {
            (replay.tolerance ?? timestamp?.tolerance ?? .seconds(300)) + (replay.future ?? timestamp?.future ?? .seconds(60))
        }
        return authenticate.flatMap(\.schemes).map { span(schemes[$0]?.timestamp) }.max() ?? span(nil)
    }
}

extension Policy {
    /// Of the endpoint where it is longest.
    var longestFreshness: Duration { endpoints.map { $0.freshness(schemes) }.max() ?? .seconds(360) }
}
