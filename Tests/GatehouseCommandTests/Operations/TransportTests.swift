import Foundation
import Testing

extension Operations {
    @Suite("TLS as openssl sees it")
    struct TransportTests {
        private static func installation() async throws -> Installation {
            let gateway = try Installation(
                listener: ["names: [{ certificate: ../partner.pem, private-key: ../partner.key, client-ca: ../ca.pem }]"])
            try gateway.issue("partner", names: ["partner.example"])
            try await gateway.addSecret()
            try await gateway.start()
            return gateway
        }

        private static func handshake(_ gateway: Installation, _ options: String) async throws -> String {
            let result = try await gateway.bash(
                "openssl s_client -connect 127.0.0.1:\(gateway.port) -CAfile ca.pem \(options) </dev/null 2>&1")
            return result.output
        }

        @Test("old versions, suites without AEAD and protocols that are not served are refused (SEC-1, SEC-2, SEC-5)")
        func refused() async throws {
            let gateway = try await Self.installation()
            let name = "-servername localhost"
            for (options, alert) in [
                ("-tls1_1 -cipher DEFAULT@SECLEVEL=0", "alert protocol version"), ("-tls1_2 -cipher AES128-SHA", "handshake failure"),
                ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256", "handshake failure"), ("-alpn h2", "no application protocol"),
            ] {
                let said = try await Self.handshake(gateway, "\(name) \(options)")
                #expect(said.contains(alert) && said.contains("Cipher is (NONE)"), "\(options): \(said)")
            }
            for options in ["-tls1_2", "-tls1_3", "-alpn http/1.1", "-alpn h2,http/1.1"] {
                let said = try await Self.handshake(gateway, "\(name) \(options)")
                #expect(said.contains("Verify return code: 0"), "\(options): \(said)")
                if options.contains("alpn") { #expect(said.contains("ALPN protocol: http/1.1")) }
            }
        }

        @Test("a session is resumed for its own name only (SEC-3)", arguments: ["-tls1_2", "-tls1_3"])
        func resumption(_ version: String) async throws {
            let gateway = try await Self.installation()
            // Tickets of TLS 1.3 come behind the handshake: an answer is waited for.
            let request = "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n'"
            let saved = try await gateway.bash(
                """
                \(request) | openssl s_client -connect 127.0.0.1:\(gateway.port) -servername localhost -CAfile ca.pem \(version) \
                    -sess_out session -ign_eof -quiet 2>/dev/null
                """)
            #expect(saved.output.contains("404"), "\(saved)")
            let own = try await Self.handshake(gateway, "\(version) -servername localhost -sess_in session")
            #expect(own.contains("Reused, "), "\(own)")
            let other = try await Self.handshake(gateway, "\(version) -servername partner.example -sess_in session")
            #expect(other.contains("New, ") && !other.contains("Reused, "), "\(other)")
            // A reload keeps sessions: the ticket keys outlive contexts.
            let reloaded = try await gateway.run("reload")
            #expect(reloaded.status == 0)
            let later = try await Self.handshake(gateway, "\(version) -servername localhost -sess_in session")
            #expect(later.contains("Reused, "), "\(later)")
        }

        @Test("a revoked client certificate is refused from the reload of the list on, and an expired list refuses every new handshake")
        func revocation() async throws {
            let gateway = try await Self.certified()
            let before = try await (Self.post(gateway, as: "good"), Self.post(gateway, as: "bad"))
            #expect(before == ("200", "200"))

            var listed = try await gateway.bash(
                "openssl ca -config ca.cnf -revoke bad.pem 2>&1 && openssl ca -config ca.cnf -gencrl -crldays 5 -out clients.crl 2>&1")
            try #require(listed.status == 0, "\(listed)")
            var reloaded = try await gateway.run("reload")
            #expect(reloaded.status == 0, "\(reloaded)")
            let after = try await (Self.post(gateway, as: "good"), Self.post(gateway, as: "bad"))
            #expect(after == ("200", "000"))
            #expect(gateway.gateway?.text.contains("the client certificate was refused: certificate revoked") == true)

            listed = try await gateway.bash(
                "openssl ca -config ca.cnf -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z -out clients.crl 2>&1")
            try #require(listed.status == 0, "\(listed)")
            reloaded = try await gateway.run("reload")
            let expired = try await Self.post(gateway, as: "good")
            #expect(expired == "000", "\(reloaded)")
        }

        @Test("a listener's revocation list holds for the client-ca of its names, also where it has none of its own")
        func revocationOfNames() async throws {
            let gateway = try await Self.certified(listener: [
                "client-crl: ../clients.crl",
                "names: [{ certificate: ../partner.pem, private-key: ../partner.key, client-ca: ../clients-ca.pem }]",
            ])
            let before = try await (
                Self.post(gateway, as: "good", to: "partner.example"), Self.post(gateway, as: "bad", to: "partner.example")
            )
            #expect(before == ("200", "200"))
            let listed = try await gateway.bash(
                "openssl ca -config ca.cnf -revoke bad.pem 2>&1 && openssl ca -config ca.cnf -gencrl -crldays 5 -out clients.crl 2>&1")
            try #require(listed.status == 0, "\(listed)")
            let reloaded = try await gateway.run("reload")
            #expect(reloaded.status == 0, "\(reloaded)")
            let after = try await (
                Self.post(gateway, as: "good", to: "partner.example"), Self.post(gateway, as: "bad", to: "partner.example")
            )
            #expect(after == ("200", "000"))
        }

        @Test("send says what to do about an authority that it does not trust")
        func unknownAuthority() async throws {
            let gateway = try await Self.installation()
            for (option, advice) in [
                ("", "unable to get local issuer certificate; name the authority to trust with --ca FILE"),
                ("--ca partner.pem", "unable to get local issuer certificate; partner.pem does not hold its authority"),
            ] {
                let sent = try await gateway.bash(
                    """
                    '\(Program.path)' send https://localhost:\(gateway.port)/hooks/acme --scheme standard-webhooks --secret-file secret \
                        --data policies/gateway.yaml --policies policies \(option)
                    """)
                #expect(sent.status == 1 && sent.messages.contains(advice), "\(sent)")
            }
        }

        @Test("a connection outlives neither its certificate's credential nor a new revocation list that has it (SEC-3)")
        func openConnections() async throws {
            let gateway = try await Self.certified()
            let command = { (text: String) in "'\(Program.path)' \(text) --policies policies" }
            let list = "openssl ca -config ca.cnf -gencrl -crldays 5 -out clients.crl"
            let held = try await gateway.hold(
                "bad",
                [
                    // Another list, and what was good is good.
                    list + " && " + command("reload"), "openssl ca -config ca.cnf -revoke bad.pem && \(list) && " + command("reload"),
                    "true",
                ])
            #expect(held == ["200", "200", "401 closes", "closed"])
            let other = try await gateway.hold(
                "good",
                [
                    command("secret rotate acme/certificate --overlap 1h --value-file renewed"),
                    command("secret revoke acme/certificate 1"),
                    command("secret rotate acme/certificate --overlap 0 --value-file subject"),
                    // No list at all: what the authority issued counts again.
                    "sed -i /client-crl/d policies/gateway.yaml && " + command("reload"),
                    "sed -i s/clients-ca.pem/ca.pem/ policies/gateway.yaml && " + command("reload"),
                ])
            #expect(other == ["200", "200", "401", "200", "200", "401 closes"])
            let reasons = try gateway.records().compactMap { $0["answer"] as? Int == 401 ? $0["reason"] as? String : nil }
            #expect(reasons.allSatisfy { $0 == "certificate-mismatch" || $0 == "credential-retired" }, "\(reasons)")
        }

        /// A gateway whose senders `acme` and `beta` prove themselves with the certificates `good` and `bad`, with a revocation list.
        private static func certified(
            listener: [String] = ["client-ca: ../clients-ca.pem", "client-crl: ../clients.crl"]
        ) async throws -> Installation {
            let gateway = try Installation(listener: listener)
            try gateway.issue("partner", names: ["partner.example"])
            let made = try await gateway.bash(Self.clientAuthority)
            try #require(made.status == 0, "\(made)")
            try gateway.endpoint("acme", authenticate: "[certificate]", deliver: "file:../../events.jsonl")
            for (sender, subject) in [("acme", "CN=good"), ("beta", "CN=bad")] {
                try gateway.write("policies/senders/\(sender).yaml", "# \n")
                let added = try await gateway.run("secret", "add", "\(sender)/certificate", "--value-file", "-", input: subject)
                try #require(added.status == 0, "\(added)")
            }
            try gateway.write("subject", "CN=good\n")
            try gateway.write("renewed", "CN=renewed\n")
            try gateway.replace(in: "policies/endpoints/acme.yaml", "[acme]", "[acme, beta]")
            try await gateway.start()
            return gateway
        }

        /// 000: no handshake.
        private static func post(_ gateway: Installation, as client: String, to host: String = "localhost") async throws -> String {
            try await gateway.bash(
                """
                curl -s -m 20 -o /dev/null -w '%{http_code}' --cacert ca.pem --cert \(client).pem --key \(client).key \
                    --resolve \(host):\(gateway.port):127.0.0.1 -d '{"type":"\(client)"}' https://\(host):\(gateway.port)/hooks/acme
                """
            ).output
        }

        private static let clientAuthority = """
            set -e; mkdir new; touch index.txt; echo 01 > serial; echo 01 > crlnumber
            cat > ca.cnf <<'END'
            [ca]
            default_ca = own
            [own]
            database = index.txt
            new_certs_dir = new
            certificate = clients-ca.pem
            private_key = clients-ca.key
            serial = serial
            crlnumber = crlnumber
            default_md = sha256
            policy = any
            x509_extensions = client
            [any]
            commonName = supplied
            [client]
            extendedKeyUsage = clientAuth
            END
            ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
            openssl req -x509 $ec -subj /CN=clients -days 5 -keyout clients-ca.key -out clients-ca.pem \
                -addext keyUsage=critical,keyCertSign,cRLSign 2>&1
            for name in good bad; do
                openssl req $ec -subj /CN=$name -keyout $name.key -out $name.csr 2>&1
                openssl ca -batch -config ca.cnf -days 5 -in $name.csr -out $name.pem -notext 2>&1
            done
            openssl ca -config ca.cnf -gencrl -crldays 5 -out clients.crl 2>&1
            """
    }
}
