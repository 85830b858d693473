import NIOCore
import Synchronization

/// Bytes that arrive on an event loop and are waited for by one task.
final class Inbox: Sendable {
    enum Failure: Error { case ended, tooSlow }

    private struct State {
        var bytes: [UInt8] = []
        var isEnded = false
        var changes = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func append(_ bytes: some Sequence<UInt8>) { change { $0.bytes += bytes } }
    func end() { change { $0.isEnded = true } }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Takes what `parse` finds at the front, waiting for more while it finds nothing.
    func take<R>(on loop: any EventLoop, within limit: TimeAmount, _ parse: (inout [UInt8]) throws -> R?) async throws -> R {
        let deadline = NIODeadline.now() + limit
        while true {
            let (found, isEnded, changes) = try state.withLock { state in (try parse(&state.bytes), state.isEnded, state.changes) }
            if let found { return found }
            guard !isEnded else { throw Failure.ended }
            guard NIODeadline.now() < deadline else { throw Failure.tooSlow }
            await wait(changes, loop, deadline)
        }
    }

    /// Returns when the other side has ended; throws when it does not.
    func waitForEnd(on loop: any EventLoop, within limit: TimeAmount) async throws {
        let deadline = NIODeadline.now() + limit
        while true {
            let (isEnded, changes) = state.withLock { ($0.isEnded, $0.changes) }
            if isEnded { return }
            guard NIODeadline.now() < deadline else { throw Failure.tooSlow }
            await wait(changes, loop, deadline)
        }
    }

    private func wait(_ seen: Int, _ loop: any EventLoop, _ deadline: NIODeadline) async {
        await withCheckedContinuation { continuation in
            let hasChanged = state.withLock { state in
                guard state.changes == seen else { return true }
                state.waiter = continuation
                return false
            }
            if hasChanged { return continuation.resume() }
            loop.scheduleTask(deadline: deadline) { self.change { _ in } }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            state.changes += 1
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
