import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the program says, and where: answers on standard output, everything about the work itself on standard error.
///
/// Answers can be piped, so nothing but them goes to standard output. Colour is used on a terminal only, and never with `NO_COLOR` or
/// `TERM=dumb`. Text that came from outside passes through ``printable(_:)`` first.
enum Terminal {
    enum Stream: Int32, Sendable {
        case output = 1
        case messages = 2

        var isTerminal: Bool { isatty(rawValue) == 1 }

        /// https://no-color.org: any value but an empty one turns colour off.
        var hasColour: Bool {
            isTerminal && (Terminal.environment("NO_COLOR") ?? "").isEmpty && Terminal.environment("TERM") != "dumb"
        }

        /// Columns of the terminal, `COLUMNS` where it is set, else 80.
        var width: Int {
            if let columns = Terminal.environment("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
            var size = winsize()
            guard isTerminal, ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
            return Int(size.ws_col)
        }

        /// Rows of the terminal, else 24.
        var height: Int {
            var size = winsize()
            guard isTerminal, ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
            return Int(size.ws_row)
        }
    }

    enum Style: String, Sendable {
        case plain = ""
        case strong = "1"
        case faint = "2"
        case good = "32"
        case caution = "33"
        case bad = "31"
    }

    /// A line of the answer.
    static func say(_ line: String = "") { write(line + "\n", to: .output) }

    /// A line that cannot be said again. Nil where it was written, else what errno says.
    static func sayOnce(_ line: String) -> Int32? { write(line + "\n", to: .output) }

    /// The answer's bytes as they are.
    static func say(bytes: some Collection<UInt8>) { write(bytes: Array(bytes), to: .output) }

    /// What errno said when a part of the answer could not be written; nil: all of it went out. A reader that has gone away (`| head`) has
    /// what it wanted, and does not count.
    static var outputFailure: Int32? {
        let number = failure.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    private static let failure = Atomic<Int32>(0)

    /// Refuses to begin what would be lost if standard output could not take it. What only shows when bytes are written, such as a disk
    /// that fills up, is found then.
    static func requireOutput() throws(CommandFailure) {
        guard let problem = outputProblem else { return }
        throw CommandFailure(
            "standard output cannot be written (\(problem)), and what is made here is shown only once; nothing was made",
            hint: "send it to a terminal, a pipe or a file that can be written")
    }

    private static var outputProblem: String? {
        let number = Stream.output.rawValue
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, flags & O_ACCMODE != O_RDONLY else { return "it is closed, or open for reading only" }
        if isGone { return "nobody reads it" }
        var (status, volume) = (stat(), statvfs())
        guard fstat(number, &status) == 0 else { return reason(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG where fstatvfs(number, &volume) == 0 && volume.f_bavail == 0: return reason(ENOSPC)
        // A device says with an empty write what it would say to a full one.
        case S_IFCHR where systemWrite(number, UnsafeRawBufferPointer(start: nil, count: 0)) < 0: return reason(errno)
        default: return nil
        }
    }

    /// What errno says, as text.
    static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// A line about what is being done.
    static func note(_ line: String) { write(line + "\n", to: .messages) }

    /// How far the work is, in one line that the next call replaces; nil takes it away. On a terminal only, and not where the answer
    /// itself goes there.
    static func progress(_ text: String?) {
        guard Stream.messages.isTerminal, !Stream.output.isTerminal else { return }
        write("\r\u{1b}[K" + (text ?? ""), to: .messages)
    }

    /// Something to know that stops nothing.
    static func warn(_ message: String) { write(styled("warning: ", .caution, on: .messages) + message + "\n", to: .messages) }

    /// Why the command could not do what it was asked.
    static func fail(_ message: String) { write(styled("error: ", .bad, on: .messages) + message + "\n", to: .messages) }

    static func styled(_ text: String, _ style: Style, on stream: Stream = .output) -> String {
        guard style != .plain, stream.hasColour else { return text }
        return "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
    }

    /// The text with every control, format and bidirectional character written as an escape, so that it can neither move the cursor nor
    /// pretend to be another line; cut to `limit` characters.
    static func printable(_ text: String, limit: Int = 4_096) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > limit ? result + "…" : result
    }

    /// Whoever read standard output has gone away: what goes on writing for long may stop.
    static var isGone: Bool {
        var status = pollfd(fd: Stream.output.rawValue, events: 0, revents: 0)
        return outputFailure != nil || poll(&status, 1, 0) > 0 && status.revents & Int16(POLLERR | POLLNVAL) != 0
    }

    /// Whether the locale's characters are UTF-8 (POSIX XBD section 8.2: the first of these that is set and not empty says so).
    static var isUTF8: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment($0) }.first { !$0.isEmpty } ?? ""
        return isUTF8(locale)
    }

    static func isUTF8(_ locale: String) -> Bool {
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    @discardableResult
    private static func write(_ text: String, to stream: Stream) -> Int32? { write(bytes: Array(text.utf8), to: stream) }

    /// Nil, or errno. What could not be written is dropped.
    @discardableResult
    private static func write(bytes: [UInt8], to stream: Stream) -> Int32? {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = systemWrite(stream.rawValue, UnsafeRawBufferPointer(rebasing: rest))
                if written < 0, errno == EINTR { continue }
                guard written > 0 else {
                    let number = written < 0 ? errno : ENOSPC
                    if stream == .output, number != EPIPE { failure.store(number, ordering: .relaxed) }
                    return number
                }
                rest = rest.dropFirst(written)
            }
            return nil
        }
    }
}

extension Terminal {
    /// An error's own words with control characters escaped line by line.
    static func lines(of error: any Error) -> String {
        String(describing: error).split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(
            separator: "\n")
    }
}
