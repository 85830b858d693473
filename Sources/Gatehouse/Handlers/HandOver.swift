import GatehouseTime
import NIOCore

/// One authenticated event on its way to a handler: what every kind of handler is given.
struct HandOver: Sendable {
    var endpoint: String
    var sender: String
    var eventID: String?
    /// `eventID` is only the beginning of the event's id.
    var isEventIDCut = false
    var eventType: String?
    /// When the request's first byte was read.
    var received: WallTime
    var reference: String
    /// `Gatehouse-Checks`: a structured field list (RFC 8941 section 3.1), finished.
    var checks: String
    /// 1 for the first hand-over of an event to a handler.
    var attempt: Int
    var contentType: String?
    var method: String
    /// End-to-end header fields as received, in their order, without those that only the gateway may set; empty for a client that does not
    /// take them.
    var fields: [(name: String, value: String)]
    /// The received body, byte for byte.
    var body: ByteBuffer
}

/// What a handler said.
struct HandlerAnswer: Sendable {
    var status: Int
    var contentType: String?
    var body: ByteBuffer

    init(status: Int, contentType: String? = nil, body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// The handler took the event.
    var isSuccess: Bool { 200..<300 ~= status }
}

/// How a hand-over ended.
enum HandOverResult: Sendable {
    case answered(HandlerAnswer)
    /// No handler took it, and why, for the log: the sender gets 502.
    case unreachable(String)
    /// The handler has no room for it now, and why, for the log: the sender gets 503 and when to try again.
    case busy(String)
    /// The deadline passed first: the sender gets 504. An answer that still comes is reported on its own.
    case timedOut
}

/// Hands events to one configured handler.
protocol HandlerClient: Sendable {
    /// Whether ``HandOver/fields`` is of use to it; copying them costs more than the rest of an event.
    var takesFields: Bool { get }

    /// Starts handing `event` over and returns at once. Called on `loop`, and calls back on it.
    ///
    /// - Parameters:
    ///   - deadline: when the sender is answered without the handler.
    ///   - lateUntil: until when an answer that missed the deadline is still waited for.
    ///   - completion: called exactly once, `deadline` at the latest, never before this function has returned.
    ///   - late: called exactly once after `completion` was given ``HandOverResult/timedOut``, else never: with the answer that still came,
    ///     or, once it is known that none will (`lateUntil` at the latest), with an empty one of status 502 or 504. Until then the handler
    ///     may be at work on the event.
    func handOver(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void)

    /// Ends what this client runs and frees what it holds; hand-overs under way end as unreachable. None may begin afterwards.
    func shutDown() async
}
