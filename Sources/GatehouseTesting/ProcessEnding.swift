import Foundation
import Synchronization

/// A child process up to its end. A thread waits for it and reaps it, so that nothing else of the tests must.
final class ProcessEnding: Sendable {
    let pid: Int32
    /// Also guards that the process is reaped: who holds it may signal a process that has not ended, since its number is no other's yet.
    private let state = Mutex(State.running(waiting: []))

    private enum State {
        case running(waiting: [CheckedContinuation<SpawnedProcess.Exit, Never>])
        case ended(SpawnedProcess.Exit)
    }

    init(of pid: Int32) {
        self.pid = pid
        Thread.detachNewThread { [self] in follow() }
    }

    var exit: SpawnedProcess.Exit? {
        state.withLock { if case .ended(let exit) = $0 { exit } else { nil } }
    }

    func wait() async -> SpawnedProcess.Exit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state -> SpawnedProcess.Exit? in
                switch state {
                case .ended(let exit): return exit
                case .running(let waiting):
                    state = .running(waiting: waiting + [continuation])
                    return nil
                }
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// - Parameter group: to the process and what it started, unless that left its group.
    func signal(_ number: Int32, group: Bool = false) {
        state.withLock { state in
            if case .running = state { _ = kill(group ? -pid : pid, number) }
        }
    }

    private func follow() {
        let exit = waitForEnd(WEXITED | WNOWAIT)
        let waiting = state.withLock { state -> [CheckedContinuation<SpawnedProcess.Exit, Never>] in
            guard case .running(let waiting) = state else { return [] }
            _ = waitForEnd(WEXITED)
            state = .ended(exit)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }

    private func waitForEnd(_ options: Int32) -> SpawnedProcess.Exit {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, options) != 0 {
            precondition(errno == EINTR, "only this thread reaps the process")
        }
        let status = info._sifields._sigchld.si_status
        return info.si_code == Int32(CLD_EXITED) ? .exited(status) : .killed(signal: status)
    }
}
