internal import GatehouseToken

/// What goes back to the client: RFC 6749 sections 5.1 and 5.2, RFC 7662, RFC 7009.
public struct OAuthAnswer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    /// JSON, or nothing.
    public var body: [UInt8]

    /// Tokens and what is said about them are kept by nobody in between (SEC-31).
    private static let common = [
        (name: "Content-Type", value: "application/json"), (name: "Cache-Control", value: "no-store"), (name: "Pragma", value: "no-cache"),
    ]

    static func ok(_ body: [UInt8]) -> OAuthAnswer { OAuthAnswer(status: 200, headers: common, body: body) }

    /// RFC 7009 section 2.2: nothing is said.
    static var nothing: OAuthAnswer { OAuthAnswer(status: 200, headers: Array(common.dropFirst()), body: []) }

    static func error(_ error: OAuthError) -> OAuthAnswer {
        var writer = JSONWriter(capacity: 128)
        writer.member("error", error.code)
        if let description = error.text { writer.member("error_description", description) }
        var headers = common
        if error.status == 401 { headers.append((name: "WWW-Authenticate", value: "Basic realm=\"gatehouse\", charset=\"UTF-8\"")) }
        if error.status == 503 { headers.append((name: "Retry-After", value: "1")) }
        return OAuthAnswer(status: error.status, headers: headers, body: writer.finish())
    }
}

/// An error of RFC 6749 section 5.2 or RFC 8707 section 2. The description is fixed text: it holds nothing of the request, and characters
/// of that section's set only.
struct OAuthError: Error, Sendable, Hashable {
    let code: String
    let status: Int
    let text: String?

    static func invalidRequest(_ text: String) -> OAuthError { OAuthError(code: "invalid_request", status: 400, text: text) }
    /// The same for every cause (SEC-32).
    static let invalidClient = OAuthError(code: "invalid_client", status: 401, text: nil)
    static let invalidGrant = OAuthError(code: "invalid_grant", status: 400, text: nil)
    static let unauthorizedClient = OAuthError(code: "unauthorized_client", status: 400, text: nil)
    static let unsupportedGrantType = OAuthError(code: "unsupported_grant_type", status: 400, text: nil)
    static let invalidScope = OAuthError(code: "invalid_scope", status: 400, text: nil)
    static let invalidTarget = OAuthError(code: "invalid_target", status: 400, text: nil)
    /// A code of RFC 6749 section 4.1.2.1, as section 5.2 has none for this.
    static let unavailable = OAuthError(code: "temporarily_unavailable", status: 503, text: nil)
}
