import Gatehouse

/// What `secret add`, `rotate`, `retire` and `revoke` print.
struct SecretOutput {
    var json: Bool
    /// The command makes a version; its JSON always has `secret`, null where the value was given.
    var makesVersion = false

    /// The value goes to standard output by itself, so that it can be piped into a file; everything said about it does not.
    ///
    /// - Throws: where a generated value could not be written, and with it is lost.
    func show(_ outcome: SecretOutcome, says state: String) throws(CommandFailure) {
        for warning in outcome.warnings { Terminal.warn(Terminal.printable(warning)) }
        if json {
            var members = [JSON.Member(name: "credential", value: .string(outcome.credential))]
            members.append(JSON.Member(name: "version", value: outcome.version.map { .number($0) } ?? .null))
            if makesVersion { members.append(JSON.Member(name: "secret", value: .string(outcome.secret))) }
            if !outcome.retiring.isEmpty {
                members.append(JSON.Member(name: "retiring", value: .array(outcome.retiring.map { .number($0) })))
                members.append(JSON.Member(name: "accepted_until", value: .string(outcome.acceptedUntil)))
            }
            if !outcome.ended.isEmpty { members.append(JSON.Member(name: "ended", value: .array(outcome.ended.map { .number($0) }))) }
            try lose(outcome, Terminal.sayOnce(JSON.object(members).text))
            return
        }
        Terminal.note(outcome.credential + (outcome.version.map { " version \($0)" } ?? ": every version") + " " + state)
        if !outcome.retiring.isEmpty {
            Terminal.note("\(Self.versions(outcome.retiring)) accepted until \(outcome.acceptedUntil ?? "now")")
        }
        let ended = outcome.ended.filter { $0 != outcome.version }
        if !ended.isEmpty { Terminal.note("\(Self.versions(ended)) no longer accepted") }
        if let secret = outcome.secret {
            Terminal.note("its value, shown this once:")
            if Terminal.Stream.output.isTerminal {
                Terminal.warn("it stays in this terminal's scrollback: clear that, or send standard output to a file next time")
            }
            try lose(outcome, Terminal.sayOnce(secret))
        }
    }

    /// - Parameter failure: of the write that held the value.
    private func lose(_ outcome: SecretOutcome, _ failure: Int32?) throws(CommandFailure) {
        guard let failure, outcome.secret != nil, let version = outcome.version else { return }
        let name = Terminal.printable(outcome.credential)
        throw CommandFailure(
            "version \(version) of \(name) was made and is accepted, but its value could not be written to standard output "
                + "(\(Terminal.reason(failure))) and is lost",
            hint: outcome.retiring.isEmpty
                ? "make another, which ends it: gatehouse secret rotate \(name) --overlap 0"
                : "make another with gatehouse secret rotate \(name), then end it: gatehouse secret revoke \(name) \(version)")
    }

    private static func versions(_ numbers: [Int]) -> String {
        numbers.count == 1
            ? "version \(numbers.map(String.init).joined()) is" : "versions \(numbers.map(String.init).joined(separator: ", ")) are"
    }
}
