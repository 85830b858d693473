import NIOCore
import Synchronization

/// Hands events to an ``EventHandler`` of the embedding program, each in a task of its own and a bounded number at once.
final class SwiftHandler: HandlerClient {
    /// How many calls of one handler run at once; further events wait, within their deadline.
    static let concurrency = 256
    /// How many may wait; the next one is answered with 503.
    static let waiting = 4096

    var takesFields: Bool { true }

    private let name: String
    private let handler: any EventHandler
    private let concurrency: Int
    private let waiting: Int
    private let queue = Mutex(Queue())

    private struct Queue {
        var running: [ObjectIdentifier: Call] = [:]
        var waiting = CircularBuffer<Call>()
        var isShutDown = false
    }

    /// - Parameter name: as in `swift:NAME`, for messages.
    init(
        name: String, handler: any EventHandler, concurrency: Int = SwiftHandler.concurrency, waiting: Int = SwiftHandler.waiting
    ) {
        self.name = name
        self.handler = handler
        self.concurrency = max(concurrency, 1)
        self.waiting = waiting
    }

    func handOver(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void
    ) {
        let cancellation = TaskCancellation()
        let pending = PendingHandOver(
            event, on: loop, deadline: deadline, lateUntil: lateUntil, completion: completion, late: late,
            onDeadline: { cancellation.cancel() })
        let call = Call(pending: pending, cancellation: cancellation)
        let admission = queue.withLock { queue -> Admission in
            if queue.isShutDown { return .refused(.unreachable("swift:\(name) is shutting down")) }
            if queue.running.count < concurrency {
                queue.running[ObjectIdentifier(call)] = call
                return .started
            }
            if queue.waiting.count < waiting {
                queue.waiting.append(call)
                return .queued
            }
            return .refused(.busy("swift:\(name): \(waiting) events wait for it already"))
        }
        switch admission {
        case .started: start(call)
        case .queued: break
        case .refused(let result): pending.finish(result)
        }
    }

    /// Cancels the calls under way; one that ignores that is not waited for.
    func shutDown() async {
        let (running, waiting) = queue.withLock { queue in
            queue.isShutDown = true
            defer { queue.waiting.removeAll() }
            return (Array(queue.running.values), Array(queue.waiting))
        }
        for call in running { call.cancellation.cancel() }
        for call in waiting { call.pending.finish(.unreachable("swift:\(name) is shutting down")) }
    }

    private enum Admission: Sendable {
        case started, queued
        case refused(HandOverResult)
    }

    private final class Call: Sendable {
        let pending: PendingHandOver
        let cancellation: TaskCancellation

        init(pending: PendingHandOver, cancellation: TaskCancellation) {
            self.pending = pending
            self.cancellation = cancellation
        }
    }

    private func start(_ call: Call) {
        let task = Task { [self] in
            call.pending.finish(await result(of: call.pending.event))
            end(call)
        }
        call.cancellation.attach(task)
    }

    private func result(of event: HandOver) async -> HandOverResult {
        do {
            let response = try await handler.handle(AuthenticatedEvent(event))
            guard 200..<600 ~= response.status else { return .unreachable("swift:\(name) answered with status \(response.status)") }
            guard response.contentType?.utf8.allSatisfy({ 0x20 <= $0 && $0 <= 0x7e }) ?? true else {
                return .unreachable("swift:\(name) answered with a content type that is not printable ASCII")
            }
            return .answered(
                HandlerAnswer(status: response.status, contentType: response.contentType, body: ByteBuffer(bytes: response.body)))
        } catch {
            return .unreachable("swift:\(name) threw \(error)")
        }
    }

    /// Frees the call's place and gives it to the longest waiting event whose deadline has not passed.
    private func end(_ call: Call) {
        let now = NIODeadline.now()
        let next = queue.withLock { queue -> Call? in
            queue.running[ObjectIdentifier(call)] = nil
            while let next = queue.waiting.popFirst() {
                guard next.pending.deadline > now else { continue }
                queue.running[ObjectIdentifier(next)] = next
                return next
            }
            return nil
        }
        if let next { start(next) }
    }
}

/// Cancels a task that may not have been made yet.
private final class TaskCancellation: Sendable {
    private let state = Mutex<(isCancelled: Bool, task: Task<Void, Never>?)>((false, nil))

    func attach(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
