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
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, pipes.input.theirs.number, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipes.output.theirs.number, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipes.errors.theirs.number, STDERR_FILENO)
        _ = clinux_close_from(&actions, STDERR_FILENO + 1)

        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        guard let path = command.first else { throw SpawnError(message: "no program is named") }
        let arguments = CStringArray(command)
        let variables = CStringArray(environment)
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, &attributes, arguments.pointers, variables.pointers)
        guard failure == 0 else { throw SpawnError(message: "could not start \(path): \(String(cString: strerror(failure)))") }
        return process
    }

    /// A write to a program that closed its input must be an error here and not a signal to the gateway.
    private func blockPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

struct SpawnError: Error {
    var message: String
}

/// NULL-terminated array of C strings, freed with this object.
private final class CStringArray {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
