import Foundation
import GatehouseCrypto
import GatehouseTesting
import Testing

/// A site whose sender `acme` has a client secret, and whose endpoint of that name takes its tokens; and requests as the client makes them.
struct TokenClient {
    let site: TestSite
    let handler: TestHandler
    let secret: String

    /// - Parameters:
    ///   - gateway: more lines of `gateway.yaml`.
    ///   - sender: more lines of the sender's file.
    ///   - limits: more entries of `limits`.
    ///   - event: more lines of the endpoint's file.
    init(
        gateway: String = "", sender: String = "", authenticate: String = "[{ oauth: ['events:write'] }]",
        limits: String = "failures: 100000/s",
        event: String = "event: { id: json:id, type: json:type }"
    ) async throws {
        site = try TestSite(gateway: gateway, limits: limits)
        handler = try await TestHandler.start()
        try site.sender("acme", "scopes: [events:read, events:write]\n\(sender)")
        try site.endpoint("acme", to: handler.url(), authenticate: authenticate, event)
        secret = try site.add("acme/oauth")
    }

    /// A form to one of the service's paths.
    static func form(_ path: String, _ parameters: KeyValuePairs<String, String>) -> RawRequest {
        let body = parameters.map { "\(encoded($0.key))=\(encoded($0.value))" }.joined(separator: "&")
        return RawRequest(path, fields: [("Content-Type", "application/x-www-form-urlencoded")], body: body)
    }

    static func encoded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }

    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.encode(Array("\(encoded(user)):\(encoded(password))".utf8))
    }

    /// A token request with the client secret in the Authorization field.
    func tokenRequest(_ parameters: KeyValuePairs<String, String> = ["grant_type": "client_credentials"], secret: String? = nil)
        -> RawRequest
    {
        Self.form("/oauth/token", parameters).with("Authorization", Self.basic("acme", secret ?? self.secret))
    }

    func token(_ gateway: LiveGateway, _ parameters: KeyValuePairs<String, String> = ["grant_type": "client_credentials"]) async throws
        -> String
    {
        try Self.token(try await gateway.send(tokenRequest(parameters)))
    }

    static func token(_ answer: RawAnswer) throws -> String {
        try #require(members(answer)["access_token"] as? String, "\(answer.status) \(answer.text)")
    }

    static func members(_ answer: RawAnswer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    /// The claims of a JWT, unchecked.
    static func claims(_ token: String) throws -> [String: Any] {
        let parts = token.split(separator: ".")
        try #require(parts.count == 3)
        let bytes = try #require(Base64.decode(String(parts[1]), alphabet: .url))
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    func event(_ id: String, token: String?) -> RawRequest {
        let request = RawRequest(
            "/hooks/acme", fields: [("Content-Type", "application/json")], body: "{\"id\":\"\(id)\",\"type\":\"order.accepted\"}")
        return token.map { request.with("Authorization", "Bearer " + $0) } ?? request
    }
}

/// An error of RFC 6749 section 5.2 with its record.
@discardableResult
func expectOAuthError(
    _ answer: RawAnswer, _ status: Int, _ code: String, _ reason: String? = nil, at site: TestSite,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> AuditLine? {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    #expect(answer["content-type"] == "application/json" && answer["cache-control"] == "no-store", sourceLocation: sourceLocation)
    let members = try TokenClient.members(answer)
    #expect(members["error"] as? String == code, "\(answer.text)", sourceLocation: sourceLocation)
    // RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
    let description = members["error_description"] as? String ?? ""
    #expect(description.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c }, sourceLocation: sourceLocation)
    let line = try site.tokenRecord(of: answer)
    #expect(line?.token?.event == "refused" && line?.answer == status, "\(String(describing: line))", sourceLocation: sourceLocation)
    if let reason { #expect(line?.reason == reason, "\(line?.reason ?? "")", sourceLocation: sourceLocation) }
    return line
}
