import Gatehouse

/// The handler of `gatehouse dev`: shows an event on standard output and thanks for it.
struct PrintingHandler: EventHandler {
    /// As policy names it: `to: swift:print`.
    static let name = "print"

    func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse {
        let id = event.id ?? "without an id"
        var lines = [
            Terminal.styled("event", .good) + Terminal.printable(" \(id) of \(event.sender) at \(event.endpoint)"),
            Terminal.printable("  type \(event.type ?? "not given"), reference \(event.reference), \(event.body.count) bytes"),
        ]
        let body = String(decoding: event.body.prefix(2_000), as: UTF8.self)
        lines += body.split(separator: "\n").prefix(20).map { "  " + Terminal.styled(Terminal.printable(String($0), limit: 400), .faint) }
        // One write, so that two events at once don't mix.
        Terminal.say(lines.joined(separator: "\n"))
        return HandlerResponse(status: 200, contentType: "text/plain", body: Array("handled \(id)\n".utf8))
    }
}
