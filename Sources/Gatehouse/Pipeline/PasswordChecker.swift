import GatehouseState
import GatehouseVerify
import NIOPosix

/// Runs scrypt off the event loops: one thread a core, and a bounded queue in front, so that strangers cannot pile up work (design 7).
final class PasswordChecker: Sendable {
    /// Checks that may wait; past it a request is answered with 503.
    static let queueLimit = 256

    private let pool: NIOThreadPool
    private let waiting = Counter()

    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: max(1, threads))
        pool.start()
    }

    /// Calls `completion` on one of the checker's threads. False: the queue is full, and it will not be called.
    func run(_ checks: [PasswordCheck], completion: @escaping @Sendable ([Bool]) -> Void) -> Bool {
        guard waiting.enter(limit: Self.queueLimit) else { return false }
        pool.submit { [waiting] state in
            defer { waiting.leave() }
            guard case .active = state else { return completion(checks.map { _ in false }) }
            completion(checks.map { (try? $0.run()) ?? false })
        }
        return true
    }

    func stop() async { try? await pool.shutdownGracefully() }
}
