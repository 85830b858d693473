import Gatehouse

/// What `secret add`, `rotate`, `retire` and `revoke` print.
struct SecretOutput {
    var json: Bool
    /// The command makes a version; its JSON always has `secret`, null where the value was given.
    var makesVersion = false

    /// The value goes to standard output by itself, so that it can be piped into a file; everything said about it does not.
    func show(_ outcome: SecretOutcome, says state: String) {
        if let warning = outcome.warning { Terminal.warn(Terminal.printable(warning)) }
        if json {
            var members = [JSON.Member(name: "credential", value: .string(outcome.credential))]
            members.append(JSON.Member(name: "version", value: outcome.version.map { .number($0) } ?? .null))
            if makesVersion { members.append(JSON.Member(name: "secret", value: .string(outcome.secret))) }
            if !outcome.retiring.isEmpty {
                members.append(JSON.Member(name: "retiring", value: .array(outcome.retiring.map { .number($0) })))
                members.append(JSON.Member(name: "accepted_until", value: .string(outcome.acceptedUntil)))
            }
            if !outcome.ended.isEmpty { members.append(JSON.Member(name: "ended", value: .array(outcome.ended.map { .number($0) }))) }
            Terminal.say(JSON.object(members).text)
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
            Terminal.say(secret)
        }
    }

    private static func versions(_ numbers: [Int]) -> String {
        numbers.count == 1 ? "version \(numbers.map(String.init).joined()) is" : "versions \(numbers.map(String.init).joined(separator: ", ")) are"
    }
}
