/// The answer is no: what the user reads on standard error before the program exits with 1.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    var message: String
    /// What to do about it.
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String { message + (hint.map { "\n  " + $0 } ?? "") }
}
