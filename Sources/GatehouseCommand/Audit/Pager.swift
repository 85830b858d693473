#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sends an answer that is longer than the screen through `$PAGER` (`less` where it is not set), on a terminal only. An empty `PAGER`, or
/// `cat`, means none, and so does `TERM=dumb`. Where the pager cannot be started, the answer goes to the terminal as it is.
final class Pager {
    private let command: String
    private let rows: Int
    private var state = State.waiting
    /// What nobody is known to have read yet.
    private var held: [UInt8] = []
    private var lines = 0

    private enum State {
        /// Until there is more than a screen.
        case waiting
        case paging(UnsafeMutablePointer<FILE>)
        case plain
        /// Whoever read it has left.
        case gone
    }

    /// More than a pipe holds and than is written at a time: of what was taken beyond it, a pager has read something.
    private static let mostHeld = 1 << 20

    /// Nil where there is to be none.
    convenience init?() {
        guard Terminal.Stream.output.isTerminal, Terminal.environment("TERM") != "dumb" else { return nil }
        self.init(command: Terminal.environment("PAGER"), rows: Terminal.Stream.output.height)
    }

    /// - Parameter command: nil: `less`, where there is one.
    init?(command: String?, rows: Int) {
        guard let command = command ?? (Self.isThere("less") ? "less" : nil), !command.isEmpty, command != "cat" else { return nil }
        self.command = command
        self.rows = rows
    }

    func take(_ bytes: [UInt8]) {
        switch state {
        case .waiting:
            held += bytes
            lines += bytes.count { $0 == 0x0a }
            // The last row is the prompt's.
            if lines >= rows { begin() }
        case .paging(let stream):
            if held.count <= Self.mostHeld { held += bytes }
            write(bytes, to: stream)
        case .plain: Terminal.say(bytes: bytes)
        case .gone: break
        }
    }

    /// Nobody reads what else would come.
    var isGone: Bool {
        if case .paging(let stream) = state {
            var status = pollfd(fd: fileno(stream), events: 0, revents: 0)
            if poll(&status, 1, 0) > 0, status.revents & Int16(POLLERR | POLLNVAL) != 0 { end(stream) }
        }
        return switch state {
        case .waiting, .paging: false
        case .plain: Terminal.isGone
        case .gone: true
        }
    }

    /// Waits until the reader has left the pager.
    func finish() {
        switch state {
        case .waiting: Terminal.say(bytes: held)
        case .paging(let stream): end(stream)
        case .plain, .gone: break
        }
    }

    private func begin() {
        // A screen or less is shown as it is, with its colours, and stays when the pager ends.
        if Terminal.environment("LESS") == nil { setenv("LESS", "FRX", 1) }
        fflush(nil)
        guard let stream = popen(command, "w") else { return showPlainly() }
        state = .paging(stream)
        write(held, to: stream)
    }

    private func write(_ bytes: [UInt8], to stream: UnsafeMutablePointer<FILE>) {
        if fwrite(bytes, 1, bytes.count, stream) != bytes.count || fflush(stream) != 0 { end(stream) }
    }

    /// 126 and 127 are the shell's: it found no such program, or could not run it. Nothing was then read of what is held.
    private func end(_ stream: UnsafeMutablePointer<FILE>) {
        state = .gone
        let status = pclose(stream)
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : 0
        if code == 126 || code == 127, held.count <= Self.mostHeld { showPlainly() }
    }

    private func showPlainly() {
        state = .plain
        Terminal.say(bytes: held)
        held = []
    }

    private static func isThere(_ program: String) -> Bool {
        (Terminal.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").contains {
            access("\($0)/\(program)", X_OK) == 0
        }
    }
}
