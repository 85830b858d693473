/// A command changed something, or tried to. Never holds a value.
public struct AdminRecord: Sendable, Hashable {
    /// Of the process at the other end of the control socket, or of the command itself.
    public var uid: UInt32
    public var user: String?
    /// `secret add`, `secret rotate`, `key rotate` …
    public var command: String
    public var credential: String?
    public var version: Int?
    /// `ok`, or why it was refused.
    public var result: String
    public var details: [SystemRecord.Detail]

    public init(
        uid: UInt32, user: String?, command: String, credential: String? = nil, version: Int? = nil, result: String = "ok",
        details: [SystemRecord.Detail] = []
    ) {
        self.uid = uid
        self.user = user
        self.command = command
        self.credential = credential
        self.version = version
        self.result = result
        self.details = details
    }

    /// As ``DecisionRecord/encode(into:)``.
    public func encode(into output: inout [UInt8]) { output.write { encode(to: &$0) } }

    private func encode(to output: inout RecordWriter) {
        output.append("\"kind\":\"admin\",\"uid\":")
        output.append(decimal: UInt64(uid))
        if let user { output.append(",\"user\":", text: user) }
        output.append(",\"command\":", text: command)
        if let credential { output.append(",\"credential\":", text: credential, limit: RecordLimit.event) }
        if let version {
            output.append(",\"version\":")
            output.append(decimal: Int64(version))
        }
        output.append(",\"result\":", text: result, limit: RecordLimit.value)
        output.append(details: details)
    }

    public var members: [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }
}
