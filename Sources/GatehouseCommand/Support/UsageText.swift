/// What the parser says about wrong usage, where an argument may be a secret that somebody typed in the wrong place.
enum UsageText {
    /// Of a `secret` command, without the arguments that could be a value; nil for every other command.
    static func withoutValues(_ message: String, _ arguments: [String]) -> String? {
        guard arguments.dropFirst().first == "secret" else { return nil }
        var (message, hidden) = (message, false)
        for argument in arguments.dropFirst(3) {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let value = argument.hasPrefix("-") ? (parts.count == 2 ? parts[1] : "") : argument
            // Names, numbers and durations are short.
            guard value.utf8.count >= shortest, message.contains(value) else { continue }
            message = message.replacing(value, with: "…")
            hidden = true
        }
        guard hidden else { return message }
        return message
            + "\nA value is never an argument, where others on this machine can see it: give it with --value-file FILE, or - for standard input."
    }

    /// Bytes of a value, at least.
    static let shortest = 12
}
