#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A secret typed at a terminal: what is typed is not shown until ``end()``.
struct HiddenInput {
    private let descriptor: Int32
    private let before: termios

    /// Ctrl-C. It comes as a character that ends the line, not as a signal, so that the terminal shows again what is typed whatever happens.
    static let interrupt: UInt8 = 3

    /// Nil where `descriptor` is no terminal.
    init?(_ descriptor: Int32 = STDIN_FILENO) {
        var settings = termios()
        guard isatty(descriptor) == 1, tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        before = settings
        settings.c_lflag &= ~tcflag_t(ECHO | ISIG)
        withUnsafeMutableBytes(of: &settings.c_cc) { $0[Int(VEOL)] = Self.interrupt }
        guard tcsetattr(descriptor, TCSAFLUSH, &settings) == 0 else { return nil }
    }

    func end() {
        var settings = before
        tcsetattr(descriptor, TCSANOW, &settings)
    }
}
