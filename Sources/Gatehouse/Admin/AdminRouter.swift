/// Decides what the admin listener answers; no socket and no clock.
struct AdminRouter: Sendable {
    let hosts: AdminHosts
    let source: any AdminSource

    func respond(to request: AdminRequest) async -> AdminResponse {
        let route = Self.routes[request.path]
        // Load balancers ask for health by address, and some in HTTP/1.0 without a name; what they hear is no secret.
        if route?.isPublic != true {
            guard request.hosts.count == 1, let host = request.hosts.first else { return .text(400, "exactly one Host field is needed") }
            guard hosts.allow(host: host) else { return .text(421, "this host name is not served here") }
            guard request.origins.allSatisfy(hosts.allow(origin:)) else { return .text(403, "this origin is not allowed") }
        }
        guard let route else { return .text(404, "not found") }
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = AdminResponse.text(405, "method not allowed")
            response.fields.append(("Allow", "GET, HEAD"))
            return response
        }
        guard route.isPublic || request.isAuthorized else { return .text(403, "a client certificate is needed") }
        return await route.respond(source)
    }

    private struct Route: Sendable {
        /// Tells nothing that a load balancer may not know.
        var isPublic: Bool
        var respond: @Sendable (any AdminSource) async -> AdminResponse
    }

    private static let routes: [String: Route] = [
        "/health/live": Route(isPublic: true) { _ in .text(200, "live") },
        "/health/ready": Route(isPublic: true) { source in
            switch await source.readiness {
            case .ready: .text(200, "ready")
            case .notReady(let reason): .text(503, reason)
            }
        },
        "/metrics": Route(isPublic: false) { source in
            do {
                return AdminResponse(status: 200, contentType: PrometheusText.contentType, try await source.metrics())
            } catch {
                return .text(503, "the gateway is stopping")
            }
        },
    ]
}
