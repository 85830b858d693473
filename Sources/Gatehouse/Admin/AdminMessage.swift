/// A request to the admin listener, parsed.
struct AdminRequest: Sendable {
    var method: String
    /// Without the query.
    var path: String
    var query: String?
    /// Every value of the header field, as sent.
    var hosts: [String]
    var origins: [String]
    /// The peer proved, as the listener demands of others than loopback's, that it may see what is not public.
    var isAuthorized: Bool
}

struct AdminResponse: Sendable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    /// Lets nobody keep or reinterpret the answer (SEC-90).
    init(status: Int, contentType: String, _ body: String) {
        self.status = status
        fields = [
            ("Content-Type", contentType), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("Referrer-Policy", "no-referrer"),
        ]
        self.body = Array(body.utf8)
    }

    static func text(_ status: Int, _ line: String) -> AdminResponse {
        AdminResponse(status: status, contentType: "text/plain; charset=utf-8", line + "\n")
    }
}
