import NIOCore

/// A hand-over whose work is done on another thread: brings the end back to the loop it came from, and sees that the deadline is kept and
/// that the caller hears exactly one end.
///
/// `@unchecked Sendable` is sound because every mutable field and both callbacks are touched on `loop` only; other threads call
/// ``finish(_:)``, which hops there first.
final class PendingHandOver: @unchecked Sendable {
    let event: HandOver
    let deadline: NIODeadline
    private let loop: any EventLoop
    private let lateUntil: NIODeadline
    private var state: State
    private var timer: Scheduled<Void>?

    private enum State {
        /// Neither end nor deadline. Exits: `late` by the deadline, `over` by an end.
        case waiting(completion: (HandOverResult) -> Void, late: (HandlerAnswer) -> Void)
        /// The caller was told `timedOut`. Exits: `over` by an end or by the end of the wait for it.
        case late((HandlerAnswer) -> Void)
        case over
    }

    /// Called on `loop`. The deadline runs from here on.
    /// - Parameter onDeadline: called on `loop` when the deadline passes before an end.
    init(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void,
        onDeadline: (@Sendable () -> Void)? = nil
    ) {
        loop.preconditionInEventLoop()
        self.event = event
        self.loop = loop
        self.deadline = deadline
        self.lateUntil = lateUntil
        state = .waiting(completion: completion, late: late)
        timer = loop.scheduleTask(deadline: deadline) { [self] in
            guard case .waiting(let completion, let late) = state else { return }
            state = .late(late)
            timer = loop.scheduleTask(deadline: max(lateUntil, deadline)) { [self] in end(.timedOut) }
            onDeadline?()
            completion(.timedOut)
        }
    }

    /// The work has ended. From any thread, once.
    func finish(_ result: HandOverResult) {
        loop.execute { [self] in end(result) }
    }

    /// As ``finish(_:)`` for several, with one wake-up a loop.
    static func finish(_ ended: some Collection<PendingHandOver>, _ result: HandOverResult) {
        var byLoop: [(loop: any EventLoop, ended: [PendingHandOver])] = []
        for one in ended {
            if let index = byLoop.firstIndex(where: { $0.loop === one.loop }) {
                byLoop[index].ended.append(one)
            } else {
                byLoop.append((one.loop, [one]))
            }
        }
        for (loop, ended) in byLoop { loop.execute { for one in ended { one.end(result) } } }
    }

    private func end(_ result: HandOverResult) {
        timer?.cancel()
        timer = nil
        let before = state
        state = .over
        switch before {
        case .waiting(let completion, let late):
            completion(result)
            if case .timedOut = result { late(Self.lateAnswer(result)) }
        case .late(let late):
            late(Self.lateAnswer(result))
        case .over:
            break
        }
    }

    private static func lateAnswer(_ result: HandOverResult) -> HandlerAnswer {
        switch result {
        case .answered(let answer): answer
        case .unreachable: HandlerAnswer(status: 502)
        case .busy: HandlerAnswer(status: 503)
        case .timedOut: HandlerAnswer(status: 504)
        }
    }
}
