import GatehouseOAuth
import NIOCore

extension Answer {
    /// What the service decided, as it goes out.
    init(_ decided: OAuthAnswer) {
        self.init(status: decided.status)
        for header in decided.headers {
            if header.name.lowercased() == "content-type" { contentType = header.value } else { fields.append(header) }
        }
        body = decided.body.isEmpty ? nil : ByteBuffer(bytes: decided.body)
    }

    /// A refusal that comes before anything was decided, in the shape of RFC 6749 section 5.2.
    static func oauthError(_ status: Int, fields: [(name: String, value: String)] = [], closes: Bool = false) -> Answer {
        // `temporarily_unavailable` is the code of section 4.1.2.1: this section has none for limits and outages.
        let code = status == 429 || status >= 500 ? "temporarily_unavailable" : status == 401 ? "invalid_client" : "invalid_request"
        var answer = Answer(status: status, contentType: "application/json", body: ByteBuffer(string: "{\"error\":\"\(code)\"}"))
        answer.fields = fields + [("Cache-Control", "no-store")]
        if status == 401 { answer.fields.append(("WWW-Authenticate", "Basic realm=\"gatehouse\", charset=\"UTF-8\"")) }
        answer.closes = closes
        return answer
    }
}
