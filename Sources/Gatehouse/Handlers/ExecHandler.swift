import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Hands each event to a run of a program: `exec:PROGRAM`. The body comes on standard input, what the gateway knows of the event in
/// `GATEHOUSE_…` variables.
///
/// Exit 0 is 200 with standard output, up to 4 KiB, as body; 75 (`EX_TEMPFAIL` of sysexits.h) is 503; anything else is 502. What the
/// program writes to standard error goes to the log. At the deadline its whole process group is killed, so there is no late answer.
final class ExecHandler: HandlerClient {
    /// How many runs of one program go on at once: two a core, at least four, since a program mostly waits for others.
    static let concurrency = max(4, 2 * System.coreCount)
    /// How many events may wait for a run; the next one is answered with 503.
    static let waiting = 256
    static let temporaryFailure: CInt = 75

    var takesFields: Bool { false }

    private let command: [String]
    private let logger: Logger
    private let pool: NIOThreadPool
    private let capacity: Int
    private let runs = Mutex(Runs())

    private struct Runs {
        /// Process groups not yet reaped, so that their numbers are still theirs.
        var groups: Set<pid_t> = []
        /// Running or waiting.
        var count = 0
        var isShutDown = false
    }

    /// Starts the threads that wait for programs.
    /// - Parameter command: the program's absolute path and its fixed arguments.
    init(command: [String], logger: Logger, concurrency: Int = ExecHandler.concurrency, waiting: Int = ExecHandler.waiting) {
        self.command = command
        self.logger = logger
        capacity = max(concurrency, 1) + waiting
        pool = NIOThreadPool(numberOfThreads: max(concurrency, 1))
        pool.start()
    }

    func handOver(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void
    ) {
        let pending = PendingHandOver(event, on: loop, deadline: deadline, lateUntil: lateUntil, completion: completion, late: late)
        let hasRoom = runs.withLock { runs in
            guard runs.count < capacity else { return false }
            runs.count += 1
            return true
        }
        guard hasRoom else { return pending.finish(.busy("\(program): \(Self.waiting) events wait for a run already")) }
        pool.submit { [self] state in
            let result = state == .active && pending.deadline > .now() ? run(pending) : .unreachable("\(program) was not started in time")
            runs.withLock { $0.count -= 1 }
            pending.finish(result)
        }
    }

    /// Ends running programs, by SIGTERM and after two seconds by SIGKILL, and waits for that.
    func shutDown() async {
        runs.withLock { $0.isShutDown = true }
        signalAll(SIGTERM)
        let reminder = Task { [self] in
            try await Task.sleep(for: .seconds(2))
            signalAll(SIGKILL)
        }
        try? await pool.shutdownGracefully()
        reminder.cancel()
    }

    private var program: String { "exec:\(command.first ?? "")" }

    private func signalAll(_ signal: CInt) {
        runs.withLock { runs in
            for group in runs.groups { kill(-group, signal) }
        }
    }

    private func run(_ pending: PendingHandOver) -> HandOverResult {
        let event = pending.event
        let child = ChildProcess(command: command, environment: ExecEnvironment.variables(of: event))
        let result = child.run(
            input: event.body, deadline: pending.deadline,
            started: { group in
                runs.withLock { runs in
                    runs.groups.insert(group)
                    // Too late for the signal that went to all; the one that follows it finds the group here.
                    if runs.isShutDown { kill(-group, SIGTERM) }
                }
            },
            ending: { group in runs.withLock { _ = $0.groups.remove(group) } })
        log(result, of: event)
        switch result.ending {
        case .exited(status: 0):
            let type = result.output.isEmpty ? nil : "text/plain; charset=utf-8"
            return .answered(HandlerAnswer(status: 200, contentType: type, body: ByteBuffer(bytes: result.output)))
        case .exited(status: Self.temporaryFailure): return .busy("\(program) exited with \(Self.temporaryFailure): a temporary failure")
        case .exited(let status): return .unreachable("\(program) exited with status \(status)")
        case .killed(let signal): return .unreachable("\(program) was killed by signal \(signal)")
        case .timedOut: return .timedOut
        case .notStarted(let problem): return .unreachable("\(program): \(problem)")
        }
    }

    private func log(_ result: ChildProcess.Result, of event: HandOver) {
        guard !result.errors.isEmpty else { return }
        logger.notice(
            "\(program) wrote to standard error: \(String(decoding: result.errors, as: UTF8.self))",
            metadata: ["endpoint": "\(event.endpoint)", "reference": "\(event.reference)"])
    }
}
