import GatehouseAudit
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import NIOCore

/// One request from its last byte to its answer: verify, ask the replay memory, hand over, record, answer.
///
/// Lives on its connection's loop, and outlives the connection where the sender hangs up: a hand-over is finished and recorded all the same.
/// Every path through it ends in exactly one call of ``conclude(_:_:_:)`` and so in one record.
///
/// `@unchecked Sendable`: the replay memory and the journal hand it back from their own threads without looking inside; everything but
/// the constants ``loopIndex``, ``eventLoop`` and ``goesOnUnrecorded`` is touched on the loop alone.
final class RequestExchange: @unchecked Sendable {
    let loop: LoopState
    let loopIndex: Int
    let eventLoop: any EventLoop
    let reference: Reference
    /// Its neighbours among the loop's exchanges (``ExchangeList``).
    var next: RequestExchange?
    unowned(unsafe) var previous: RequestExchange?
    var isListed = false
    /// `audit.on-failure: allow`: the answer stays as it was decided where no record of it can be made durable.
    let goesOnUnrecorded: Bool
    let route: Route?
    let snapshot: Snapshot
    let remote: IPAddress
    let remoteText: String
    let received: WallTime
    let arrived: NIODeadline
    let headStarted: NIODeadline
    var connection: Connection?
    var verification: Verification?
    var summary: RequestSummary?
    var bodyBytes: Int?
    var detail: String?
    /// Set while a hand-over, or another request with the same event, is waited for.
    var deadline: NIODeadline?
    var onDeadline: (() -> Void)?
    var isVerified = false
    var isHandedOver = false
    var hasReservation = false
    var isConcluded = false
    var isAnswered = false
    var isAccepted = false
    var isStale = false
    var answer: Answer?
    var verified = NIODeadline.uptimeNanoseconds(0)
    var handed = NIODeadline.uptimeNanoseconds(0)
    var decided = NIODeadline.uptimeNanoseconds(0)

    init(connection: Connection, route: Route?, headStarted: NIODeadline) {
        loop = connection.loop
        loopIndex = loop.index
        eventLoop = loop.eventLoop
        snapshot = loop.snapshot
        goesOnUnrecorded = snapshot.goesOnUnrecorded
        self.connection = connection
        self.route = route
        self.headStarted = headStarted
        remote = connection.remote
        remoteText = connection.remoteText
        received = loop.clock.now
        arrived = .now()
        reference = loop.nextReference(at: received)
        loop.begin(self)
    }

    /// The sender hung up: what was begun goes on without it.
    func senderLeft() { connection = nil }

    /// Called by the loop every tick.
    func check(_ now: NIODeadline) {
        guard let deadline, now >= deadline else { return }
        self.deadline = nil
        onDeadline.take()?()
    }

    // MARK: Waiting

    func wait(for duration: Duration, _ then: @escaping () -> Void) {
        deadline = .now() + TimeAmount(duration)
        onDeadline = then
    }

    func stopWaiting() {
        deadline = nil
        onDeadline = nil
    }

    func leave() {
        isAnswered = true
        connection = nil
        // A hand-over that missed its deadline still holds its reservation until it ends or `late` passes.
        if !hasReservation { loop.end(self) }
    }
}
