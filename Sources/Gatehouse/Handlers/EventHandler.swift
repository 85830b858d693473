/// Takes authenticated events inside the program that embeds the gateway: the target `swift:NAME` of a policy.
///
/// ```swift
/// struct OrderHandler: EventHandler {
///     func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse {
///         try await orders.record(id: event.id, payload: event.body)
///         return HandlerResponse()
///     }
/// }
/// ```
public protocol EventHandler: Sendable {
    /// Takes one event. A response with a status from 200 to 299 means that it was taken: it is remembered, and a repetition of it is
    /// answered without calling this again. Any other status, and a thrown error (which the sender sees as 502), means that it was not:
    /// the sender may send it again.
    ///
    /// Calls run at the same time, at most 256 of them for one handler. When the policy's `timeout` passes, the sender is answered with
    /// 504 and the task is cancelled; a 2xx response that comes within `late` still counts as taken. An event can come twice where the
    /// gateway was killed between the handler's work and its record, so its ``AuthenticatedEvent/id`` should be an idempotency key.
    func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse
}
