#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The commands that `gatehouse dev` shows once the gateway listens.
struct Walkthrough: Sendable {
    var place: DevelopmentPlace
    var publicURL: String
    var admin: String

    func show() {
        Terminal.say()
        Terminal.say(Terminal.styled("Gatehouse listens on \(publicURL)", .strong) + ", health and metrics on http://\(admin)")
        Terminal.say("Policy files: \(place.policies)   example credentials: \(place.examples)")
        for step in steps {
            Terminal.say()
            Terminal.say(Terminal.styled("# " + step.title, .faint))
            Terminal.say(step.command)
        }
        Terminal.say()
        Terminal.say("Paste them in another terminal, in this folder. Ctrl-C here stops the gateway. Events show up below.")
        Terminal.say()
    }

    struct Step: Sendable {
        var title: String
        var command: String
    }

    var steps: [Step] {
        let credentials = DevelopmentCredentials(place: place)
        let program = Self.program
        let send = "\(program) send \(publicURL)/hooks/example --scheme standard-webhooks --ca \(place.authority)"
        let curl = "curl -i --cacert \(place.authority) --config \(credentials.riverLogin) -H 'Content-Type: application/json'"
        let plain = "curl -s --cacert \(place.authority)"
        let river = "\(publicURL)/hooks/digital-river"
        return [
            Step(
                title: "An event, signed as Standard Webhooks says: 200, and the handler prints it",
                command: "id=msg_$(date +%s)\n\(send) --secret-file \(credentials.signingFile) --data \(credentials.event) --id $id"),
            Step(
                title: "The same event again: the same answer, and the handler is not called",
                command: "\(send) --secret-file \(credentials.signingFile) --data \(credentials.event) --id $id"),
            Step(
                title: "Signed with a wrong secret: 401, and nothing tells why",
                command: "\(send) --secret-file \(credentials.wrongFile) --data \(credentials.event)"),
            Step(
                title: "A Digital River event with openssl and curl alone, signed and with a password: 200",
                command: """
                    t=$(date +%s); s=$(\(Self.local(credentials.riverSigner)) $t \(credentials.event))
                    \(curl) -H "DigitalRiver-Signature: $s" --data-binary @\(credentials.event) \(river)
                    """),
            Step(
                title: "The very same bytes again: the first answer, without calling the handler",
                command: "\(curl) -H \"DigitalRiver-Signature: $s\" --data-binary @\(credentials.event) \(river)"),
            Step(
                title: "One byte changed: 401",
                command: "sed s/42.94/43.94/ \(credentials.event) | \(curl) -H \"DigitalRiver-Signature: $s\" --data-binary @- \(river)"),
            Step(
                title: "Another event, signed an hour ago: 401",
                command: """
                    t=$(($(date +%s) - 3600)); s=$(\(Self.local(credentials.riverSigner)) $t \(credentials.otherEvent))
                    \(curl) -H "DigitalRiver-Signature: $s" --data-binary @\(credentials.otherEvent) \(river)
                    """),
            Step(
                title: "A client fetches an access token with its client secret",
                command: """
                    \(plain) --config \(credentials.client) -d grant_type=client_credentials \(publicURL)/oauth/token |
                      sed -n 's/.*"access_token": *"\\([^"]*\\)".*/oauth2-bearer = "\\1"/p' > \(credentials.token); cut -c 1-13 \(credentials.token)
                    """),
            Step(
                title: "An event with that token: 200",
                command: """
                    \(plain) -i --config \(credentials.token) -H 'Content-Type: application/json' --data-binary @\(credentials.otherEvent) \(publicURL)/hooks/example-oauth
                    """),
            Step(
                title: "The same without a token: 401, and a challenge",
                command: "\(plain) -i --data-binary @\(credentials.otherEvent) \(publicURL)/hooks/example-oauth"),
            Step(
                title: "Every decision is in the log, and the log holds",
                command: "\(program) audit verify --policies \(place.policies)"),
        ]
    }

    /// This program as the user can call it: by name where the shell finds it, else by its path.
    private static var program: String {
        let called = CommandLine.arguments.first ?? "gatehouse"
        guard called.contains("/") else { return called }
        var directory = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&directory, directory.count) != nil else { return called }
        let here = String(decoding: directory.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) + "/"
        return called.hasPrefix(here) ? String(called.dropFirst(here.count)) : called
    }

    /// A path that the shell takes for a program, not for a name to look up.
    private static func local(_ path: String) -> String { path.contains("/") ? path : "./" + path }
}
