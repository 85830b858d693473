import CLinux
import Glibc
import NIOCore

/// Runs one program from start to end on the calling thread, which must be none of an event loop's.
///
/// The program is started without a shell, in a process group of its own, with nothing open but standard input, output and error, with
/// default signal handling, and with the given environment only (SEC-86). It is always reaped before ``run(input:deadline:)`` returns.
struct ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(status: CInt)
        case killed(signal: CInt)
        /// The deadline passed; the whole process group was killed.
        case timedOut
        case notStarted(String)
    }

    struct Result: Sendable {
        var ending: Ending
        /// The first bytes that the program wrote to standard output and to standard error; what came after them was read and dropped.
        var output: [UInt8] = []
        var errors: [UInt8] = []
    }

    /// The program's absolute path and its arguments.
    var command: [String]
    /// `NAME=VALUE`.
    var environment: [String]
    var outputLimit = 4096
    var errorLimit = 1024
    /// How long a program may take to end after SIGTERM before it gets SIGKILL.
    var grace = TimeAmount.seconds(2)

    /// Feeds `input` to the program and collects what it writes, until it ends or the deadline passes. A program need not read its
    /// input, nor all of it. One that ends while a process it left behind still holds its output has ended.
    /// - Parameters:
    ///   - started: called with the process group once it runs, on this thread.
    ///   - ending: called on this thread before the process is reaped; after it returned, the process group's number may be another's.
    func run(input: ByteBuffer, deadline: NIODeadline, started: (pid_t) -> Void = { _ in }, ending: (pid_t) -> Void = { _ in }) -> Result {
        blockPipeSignal()
        do throws(SpawnError) {
            var pipes = try Pipes.make()
            let process = try spawn(pipes)
            started(process)
            pipes.closeTheirs()
            return follow(process, Exchange(pipes: pipes, input: input, outputLimit: outputLimit, errorLimit: errorLimit), deadline, ending)
        } catch {
            return Result(ending: .notStarted(error.message))
        }
    }

    private func follow(
        _ process: pid_t, _ exchange: consuming Exchange, _ deadline: NIODeadline, _ ending: (pid_t) -> Void
    ) -> Result {
        let exit = Descriptor(clinux_pidfd_open(process))
        let isOver = exit.isOpen && exchange.run(until: deadline, exit: exit)
        if !isOver {
            kill(-process, SIGTERM)
            _ = exit.isOpen && exchange.run(until: .now() + grace, exit: exit)
            kill(-process, SIGKILL)
        }
        ending(process)
        let status = reap(process)
        guard exit.isOpen else {
            return Result(ending: .notStarted("process descriptors are not available (Linux 5.3 or later is needed)"))
        }
        return Result(ending: isOver ? status : .timedOut, output: exchange.output.bytes, errors: exchange.errors.bytes)
    }

    /// Waits for the process, which has ended or was killed.
    private func reap(_ process: pid_t) -> Ending {
        var info = siginfo_t()
        while waitid(P_PID, id_t(process), &info, WEXITED) != 0 {
            guard errno == EINTR else { return .killed(signal: SIGKILL) }
        }
        let status = info._sifields._sigchld.si_status
        return info.si_code == CInt(CLD_EXITED) ? .exited(status: status) : .killed(signal: status)
    }

    private func spawn(_ pipes: borrowing Pipes) throws(SpawnError) -> pid_t {
        guard let path = command.first else { throw SpawnError(message: "no program is named") }
        var spawn = Spawn(path, command, environment: environment)
        spawn.input = pipes.input.theirs.number
        spawn.output = pipes.output.theirs.number
        spawn.errors = pipes.errors.theirs.number
        return try spawn.start()
    }

    /// A write to a program that closed its input must be an error here and not a signal to the gateway.
    private func blockPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
