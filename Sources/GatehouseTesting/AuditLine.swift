import Foundation

/// One line of the audit log, as far as tests look at it.
public struct AuditLine: Sendable, Decodable {
    public struct Check: Sendable, Decodable {
        public var check: String
        public var scheme: String?
        public var client: String?
        public var version: Int?
        public var token: String?
        public var result: String
    }

    public struct Event: Sendable, Decodable {
        public var id: String?
        public var isIDCut: Bool?
        public var type: String?
        public var key: String?

        private enum CodingKeys: String, CodingKey {
            case id, type, key
            case isIDCut = "id_cut"
        }
    }

    public struct Body: Sendable, Decodable {
        public var bytes: Int
        public var sha256: String?
    }

    public var seq: Int
    public var kind: String
    public var reference: String?
    public var endpoint: String?
    public var sender: String?
    public var decision: String?
    public var reason: String?
    public var checks: [Check]?
    public var event: Event?
    public var body: Body?
    public var answer: Int?
    public var remote: String?
    /// Of the record that stands for a second's refusals of one address.
    public var requests: Int?
    /// Of token records.
    public var token: Token?

    public struct Token: Sendable, Decodable {
        public var event: String
        public var grant: String?
        public var authentication: String?
        public var version: Int?
        public var scopes: [String]?
        public var audience: String?
        /// `jti`.
        public var token: String?

        private enum CodingKeys: String, CodingKey {
            case event = "action"
            case grant, authentication, version, scopes, audience, token
        }
    }

    /// What exactly was wrong.
    public var detail: String?
    /// Of records that are no decisions.
    public var action: String?

    private enum CodingKeys: CodingKey {
        case seq, kind, reference, endpoint, sender, decision, reason, checks, event, body, answer, remote, requests, detail, action
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        seq = try values.decode(Int.self, forKey: .seq)
        kind = try values.decode(String.self, forKey: .kind)
        reference = try values.decodeIfPresent(String.self, forKey: .reference)
        endpoint = try values.decodeIfPresent(String.self, forKey: .endpoint)
        sender = try values.decodeIfPresent(String.self, forKey: .sender)
        decision = try values.decodeIfPresent(String.self, forKey: .decision)
        reason = try values.decodeIfPresent(String.self, forKey: .reason)
        checks = try values.decodeIfPresent([Check].self, forKey: .checks)
        event = try values.decodeIfPresent(Event.self, forKey: .event)
        body = try values.decodeIfPresent(Body.self, forKey: .body)
        answer = try values.decodeIfPresent(Int.self, forKey: .answer)
        remote = try values.decodeIfPresent(String.self, forKey: .remote)
        requests = try values.decodeIfPresent(Int.self, forKey: .requests)
        detail = try values.decodeIfPresent(String.self, forKey: .detail)
        action = try values.decodeIfPresent(String.self, forKey: .action)
        token = kind == "token" ? try Token(from: decoder) : nil
    }

    static func all(_ text: [UInt8]) throws -> [AuditLine] {
        // A line that is being written has no end yet.
        let whole = text.lastIndex(of: UInt8(ascii: "\n")).map { text[...$0] } ?? []
        return try whole.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(AuditLine.self, from: Data($0)) }
    }
}
