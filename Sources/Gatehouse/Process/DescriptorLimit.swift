import Glibc

/// How many files and sockets this process may have open (`RLIMIT_NOFILE`).
package enum DescriptorLimit {
    package enum Outcome: Sendable, Equatable {
        /// The limit in force now is high enough.
        case enough(limit: UInt64)
        /// It is not, and only the system's administrator can raise it; `advice` names the commands.
        case tooLow(limit: UInt64, needed: UInt64, advice: String)
    }

    static var current: (soft: UInt64, hard: UInt64) {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return (0, 0) }
        return (UInt64(limit.rlim_cur), UInt64(limit.rlim_max))
    }

    /// What `connections` of senders need: a socket each, and room for what is bounded on its own: connections to handlers, pipes of
    /// programs, files.
    package static func needed(for connections: Int) -> UInt64 { UInt64(clamping: connections) + 2_048 }

    /// Raises the soft limit to the hard one, and the hard one too where that is not enough and this process may (CAP_SYS_RESOURCE); says
    /// whether the limit is then enough for `connections`.
    package static func raise(for connections: Int) -> Outcome {
        let (soft, hard) = current
        if soft < hard {
            var limit = rlimit(rlim_cur: rlim_t(hard), rlim_max: rlim_t(hard))
            _ = setrlimit(resource, &limit)
        }
        let wanted = needed(for: connections)
        if current.soft < wanted {
            var limit = rlimit(rlim_cur: rlim_t(wanted), rlim_max: rlim_t(wanted))
            _ = setrlimit(resource, &limit)
        }
        return judge(limit: current.soft, needed: needed(for: connections), connections: connections)
    }

    static func judge(limit: UInt64, needed: UInt64, connections: Int) -> Outcome {
        guard limit < needed else { return .enough(limit: limit) }
        return .tooLow(
            limit: limit, needed: needed,
            advice: """
                limits.connections: \(connections) needs \(needed) open files, but this process may open \(limit): \
                run `ulimit -n \(needed)` before the start (as root), set `LimitNOFILE=\(needed)` in the systemd unit, \
                or lower limits.connections
                """)
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
