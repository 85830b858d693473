import GatehousePolicy

/// The routes of a snapshot, found by path. The path is compared raw (SEC-22).
struct RouteTable: Sendable {
    let routes: [Route]
    /// The gateway's own, looked at last: no endpoint can have their paths.
    private let services: [Route]
    private let byPath: [[UInt8]: Route]

    init(_ routes: [Route], services: [Route] = []) {
        self.routes = routes
        self.services = services
        byPath = Dictionary(routes.map { (Array($0.policy.path.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func route(path: UnsafeRawBufferPointer) -> Route? {
        // With a handful of endpoints comparing is cheaper than hashing, and copies nothing.
        guard routes.count > 8 else {
            for route in routes where route.policy.path.utf8.count == path.count && route.policy.path.utf8.elementsEqual(path) {
                return route
            }
            return service(path)
        }
        return byPath[Array(path)] ?? service(path)
    }

    private func service(_ path: UnsafeRawBufferPointer) -> Route? {
        services.first { $0.policy.path.utf8.count == path.count && $0.policy.path.utf8.elementsEqual(path) }
    }
}
