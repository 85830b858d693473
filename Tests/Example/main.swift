import Gatehouse

let gateway = try Gateway(policies: "policies", handlers: ["orders": OrderHandler()])  // `to: swift:orders`
try await gateway.run()

struct OrderHandler: EventHandler {
    func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse {
        print("\(event.type ?? "event") \(event.id ?? "") of \(event.sender), \(event.body.count) bytes")
        return HandlerResponse()
    }
}
