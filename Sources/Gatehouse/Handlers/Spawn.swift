import CLinux
import Glibc

/// A program to start: without a shell, in a process group of its own that has the process's number, with nothing open but standard input,
/// output and error, with default signal handling and no signal blocked (SEC-86).
package struct Spawn: Sendable {
    /// Absolute.
    package var path: String
    /// From argument zero on.
    package var arguments: [String]
    /// `NAME=VALUE`; the program gets nothing else.
    package var environment: [String]
    /// Where it starts; where this process is unless given.
    package var directory: String?
    /// Descriptors of this process; nil leaves the program what this process has under that number.
    package var input: CInt?
    package var output: CInt?
    package var errors: CInt?

    package init(_ path: String, _ arguments: [String], environment: [String], in directory: String? = nil) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// Returns the process, which the caller must reap, once the program itself runs.
    package func start() throws(SpawnError) -> CInt {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let directory { _ = clinux_change_directory(&actions, directory) }
        for (theirs, ours) in [(STDIN_FILENO, input), (STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            if let ours { posix_spawn_file_actions_adddup2(&actions, ours, theirs) }
        }
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

        let argumentList = CStringArray(arguments)
        let variables = CStringArray(environment)
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, &attributes, argumentList.pointers, variables.pointers)
        guard failure == 0 else { throw SpawnError(message: "could not start \(path): \(String(cString: strerror(failure)))") }
        return process
    }
}

package struct SpawnError: Error {
    package var message: String

    package init(message: String) { self.message = message }
}

/// NULL-terminated array of C strings, freed with this object.
private final class CStringArray {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
