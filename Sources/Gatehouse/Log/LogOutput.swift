package import GatehousePolicy
import Glibc
package import Logging
import Synchronization

/// Where log lines go, from which level on, and in which form. One for the process; level and form can change while it runs, so that a
/// reload takes effect for every logger already made.
package final class LogOutput: Sendable {
    /// A line is at most this long, with its newline: what a pipe takes whole or not at all (POSIX.1-2017, `write`, PIPE_BUF), so that
    /// lines of several threads never mix and no lock is needed.
    static let longestLine = 4096

    private let descriptor: CInt
    private let threshold: Atomic<Int>
    private let json: Atomic<Bool>

    /// - Parameter descriptor: stays the caller's; standard error in a running gateway.
    package init(_ policy: GatewayPolicy.Log = GatewayPolicy.Log(), descriptor: CInt = STDERR_FILENO) {
        self.descriptor = descriptor
        threshold = Atomic(Self.severity(policy.level.logger))
        json = Atomic(policy.format == .json)
    }

    /// A logger that writes here. Its level follows ``apply(_:)``.
    package func logger(label: String = "gatehouse") -> Logger {
        Logger(label: label) { _ in LineLogHandler(output: self) }
    }

    /// Makes this the output of every logger that code in this process makes from now on. Once in a process; a program that embeds the
    /// gateway and has its own logging does not call it.
    package func bootstrap() {
        LoggingSystem.bootstrap { _ in LineLogHandler(output: self) }
    }

    /// Level and form from now on.
    package func apply(_ policy: GatewayPolicy.Log) {
        threshold.store(Self.severity(policy.level.logger), ordering: .relaxed)
        json.store(policy.format == .json, ordering: .relaxed)
    }

    package var level: Logger.Level {
        let index = threshold.load(ordering: .relaxed)
        return Logger.Level.allCases.indices.contains(index) ? Logger.Level.allCases[index] : .info
    }

    var isJSON: Bool { json.load(ordering: .relaxed) }

    /// Writes one line with one system call. A line that cannot be written is lost: a log that fails must not stop the gateway.
    func write(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }

    private static func severity(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

extension GatewayPolicy.Log.Level {
    var logger: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
