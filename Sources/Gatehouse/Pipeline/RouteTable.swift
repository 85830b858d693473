import GatehousePolicy

/// The routes of a snapshot, found by path. The path is compared raw (SEC-22).
struct RouteTable: Sendable {
    let routes: [Route]
    private let byPath: [[UInt8]: Route]

    init(_ routes: [Route]) {
        self.routes = routes
        byPath = Dictionary(routes.map { (Array($0.policy.path.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func route(path: UnsafeRawBufferPointer) -> Route? {
        // With a handful of endpoints comparing is cheaper than hashing, and copies nothing.
        guard routes.count > 8 else {
            for route in routes where route.policy.path.utf8.count == path.count && route.policy.path.utf8.elementsEqual(path) { return route }
            return nil
        }
        return byPath[Array(path)]
    }
}
