import Gatehouse

/// `EmbeddedGateway POLICIES`: a gateway whose `swift:discard` takes every event and drops it.
@main
struct EmbeddedGateway {
    static func main() async throws {
        let policies = CommandLine.arguments.dropFirst().first ?? "policies"
        try await Gateway(policies: policies, handlers: ["discard": Discard()]).run()
    }
}

struct Discard: EventHandler {
    func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse { HandlerResponse() }
}
