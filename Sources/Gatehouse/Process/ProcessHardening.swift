import CLinux
import GatehouseState
import Glibc

/// What a process that will hold secrets does first (SEC-92).
package enum ProcessHardening {
    /// Before ``apply()`` and anything else that opens a file: what is open now was given to the program.
    package static func rememberDescriptors() { GivenDescriptors.remember() }

    /// Makes memory unreadable to other processes of the same user, forbids core files and new privileges (also to the programs it
    /// starts), gives new files no access for group and others, has a broken pipe be an error instead of a signal, and fills standard
    /// descriptors that were closed, so that no secret file can take their place.
    ///
    /// Called once, before any secret is read and any thread is started.
    /// - Returns: what an operator should know, to be logged.
    /// - Throws: where the process must not go on.
    package static func apply() throws(HardeningError) -> [String] {
        try checkEnvironment(hashing: getenv("SWIFT_DETERMINISTIC_HASHING").map { String(cString: $0) })
        try fillStandardDescriptors()
        guard clinux_set_dumpable(0) == 0 else { throw HardeningError("could not make the process not dumpable") }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else { throw HardeningError("could not forbid core files") }
        guard clinux_set_no_new_privileges() == 0 else { throw HardeningError("could not forbid new privileges") }
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        return warnings(user: geteuid())
    }

    /// Hash tables filled by senders need a seed that they cannot know.
    static func checkEnvironment(hashing: String?) throws(HardeningError) {
        guard hashing == nil else {
            throw HardeningError(
                "SWIFT_DETERMINISTIC_HASHING is set, which would let a sender make every look-up slow: unset it and start again")
        }
    }

    static func warnings(user: uid_t) -> [String] {
        user == 0
            ? [
                "running as root is not needed: use a user of its own (and CAP_NET_BIND_SERVICE or a socket of systemd's for ports below 1024)"
            ]
            : []
    }

    private static func fillStandardDescriptors() throws(HardeningError) {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is taken, which is this one: those below it are open by now. What is written to a standard output that
            // is closed must not seem to have arrived.
            guard open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR) == descriptor else {
                throw HardeningError("could not open /dev/null")
            }
        }
    }
}

package struct HardeningError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ problem: String) { description = problem }
}
