#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sends standard output through `$PAGER` (`less` where it is not set), on a terminal only. An empty `PAGER`, or `cat`, means none, and so
/// does `TERM=dumb`.
final class Pager {
    private let stream: UnsafeMutablePointer<FILE>

    /// Nil where there is to be none.
    init?() {
        let command = Terminal.environment("PAGER") ?? "less"
        guard Terminal.Stream.output.isTerminal, !command.isEmpty, command != "cat",
            Terminal.environment("TERM") != "dumb"
        else { return nil }
        // A screen or less is shown as it is, with its colours, and stays when the pager ends.
        if Terminal.environment("LESS") == nil { setenv("LESS", "FRX", 1) }
        fflush(nil)
        guard let stream = popen(command, "w") else { return nil }
        self.stream = stream
        dup2(fileno(stream), STDOUT_FILENO)
    }

    /// Waits until the reader has left it.
    func finish() {
        // The pager sees the end only once both descriptors are closed.
        close(STDOUT_FILENO)
        pclose(stream)
    }
}
