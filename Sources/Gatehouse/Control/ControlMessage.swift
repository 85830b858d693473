import FoundationEssentials

/// What a command asks of a running gateway: one line of JSON.
///
///     {"version":1,"command":"status","arguments":{}}
package struct ControlRequest: Sendable, Codable {
    package var version: Int = ControlProtocol.version
    package var command: String
    package var arguments: JSONValue

    package init(_ command: String, _ arguments: JSONValue = .object([:])) {
        self.command = command
        self.arguments = arguments
    }

    package init(_ command: String, encoding arguments: some Encodable) throws {
        self.init(command, try JSONValue(encoding: arguments))
    }
}

/// The gateway's answer: one line of JSON.
///
///     {"version":1,"ok":true,"result":{…}}
///     {"version":1,"ok":false,"exit":1,"error":"…"}
package struct ControlResponse: Sendable, Codable {
    package var version: Int = ControlProtocol.version
    package var ok: Bool
    /// With `ok`: what the command prints, in its own shape.
    package var result: JSONValue?
    /// Without `ok`: the exit status that the command ends with, and what it says.
    package var exit: Int32?
    package var error: String?

    package static func success(_ result: JSONValue = .object([:])) -> ControlResponse { ControlResponse(ok: true, result: result) }

    package static func success(encoding result: some Encodable) throws -> ControlResponse { .success(try JSONValue(encoding: result)) }

    package static func failure(_ error: String, exit: Int32 = 1) -> ControlResponse {
        ControlResponse(ok: false, exit: exit, error: error)
    }
}

/// Who is at the other end of the control socket, as the kernel says.
package struct ControlPeer: Sendable, Hashable {
    package var process: Int32
    package var user: UInt32

    /// May change the gateway: the user it runs as, and root.
    func mayControl(_ user: UInt32) -> Bool { self.user == user || self.user == 0 }
}

/// What both ends of the control socket agree on. Messages carry secrets, so they are never logged.
enum ControlProtocol {
    static let version = 1
    static let socketName = "gatehouse.sock"
    /// Of one request and of one answer, newline included.
    static let longestRequest = 12 * 1024 * 1024
    static let longestResponse = 64 * 1024 * 1024

    static func line(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        // Base64 would grow by up to the half of it.
        encoder.outputFormatting = .withoutEscapingSlashes
        var line = Array(try encoder.encode(message))
        line.append(UInt8(ascii: "\n"))
        return line
    }

    static func message<Message: Decodable>(_ line: [UInt8], as type: Message.Type) throws -> Message {
        try JSONDecoder().decode(type, from: Data(line))
    }

    /// A gateway and a command of different releases.
    static func refusal(of version: Int) -> String? {
        version == Self.version
            ? nil
            : "the control protocol is version \(Self.version) here and \(version) there: use the command of the release that is running"
    }
}
