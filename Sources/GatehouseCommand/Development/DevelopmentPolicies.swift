import GatehousePolicy

/// The policy files under `var/dev/policies`: written where missing, so that they can be edited.
struct DevelopmentPolicies {
    var place: DevelopmentPlace

    /// `port` and `adminPort` are written into `gateway.yaml` where they differ from what it has. Returns what it held before they were.
    func prepare(port: Int?, adminPort: Int?) throws -> [UInt8]? {
        for (name, text) in Self.files { try writeIfMissing(text, to: place.policies + "/" + name) }
        let gateway = place.policies + "/gateway.yaml"
        if !Files.exists(gateway) {
            try write(Self.gateway(port: port ?? 8443, adminPort: adminPort ?? 9180), to: gateway)
        } else if port != nil || adminPort != nil {
            let old = try Policy.load(directory: place.policies, checkingFiles: false).gateway
            let oldPort = old.listeners.first?.address.port ?? 8443
            guard port ?? oldPort != oldPort || adminPort ?? old.admin.address.port != old.admin.address.port else { return nil }
            let before = try Files.read(gateway)
            Terminal.note("writing the new port to \(gateway)")
            try write(Self.gateway(port: port ?? oldPort, adminPort: adminPort ?? old.admin.address.port), to: gateway)
            return before
        }
        return nil
    }

    /// Puts `gateway.yaml` back to what it held.
    func restore(_ text: [UInt8]) throws {
        let gateway = place.policies + "/gateway.yaml"
        Terminal.note("putting \(gateway) back")
        try Files.write(text, to: gateway)
    }

    private func writeIfMissing(_ text: String, to path: String) throws {
        if !Files.exists(path) { try write(text, to: path) }
    }

    private func write(_ text: String, to path: String) throws { try Files.write(Array(text.utf8), to: path) }

    private static func gateway(port: Int, adminPort: Int) -> String {
        """
        # Made by `gatehouse dev`. Every key but `listen` has a default.
        listen:
          - address: 127.0.0.1:\(port)
            certificate: ../../../certs/dev/server.pem
            private-key: ../../../certs/dev/server.key
            client-ca: ../../../certs/dev/ca.pem       # certificates are asked for, not demanded
        public-url: https://localhost:\(port)
        state: ../state
        admin: { address: 127.0.0.1:\(adminPort) }

        """
    }

    private static let files: KeyValuePairs = [
        "senders/example.yaml": """
        # The file's name is the sender's. Its secrets: gatehouse secret add example/signing, example/oauth …
        scopes: [events:write]                      # what its access tokens may carry
        token-authentication: [client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth]

        """,
        "senders/digital-river.yaml": """
        # Proves itself twice over: signed events, and a user name and password (digital-river/signing, digital-river/basic).

        """,
        "endpoints/example.yaml": """
        path: /hooks/example
        senders: [example]
        authenticate:
          - signature: standard-webhooks
        deliver:
          - to: swift:print
            mode: relay

        """,
        "endpoints/example-oauth.yaml": """
        path: /hooks/example-oauth
        senders: [example]
        authenticate:
          - oauth: [events:write]                   # a bearer token from /oauth/token
        event: { id: json:id, type: json:type }     # nothing is signed, so the body says which event it is
        deliver:
          - to: swift:print
            mode: relay

        """,
        "endpoints/digital-river.yaml": """
        path: /hooks/digital-river
        senders: [digital-river]
        authenticate:                 # both must hold
          - signature: digital-river
          - basic
        deliver:
          - to: swift:print
            mode: relay

        """,
    ]
}
