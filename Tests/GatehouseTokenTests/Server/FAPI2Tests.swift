import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

/// The modules of the OpenID Foundation's conformance suite for the client-credentials profile of `FAPI2SPFinalTestPlan`, client
/// authentication `private_key_jwt` and `mtls`, tokens constrained by `mtls`. Each test has its module's name. Left out are those about
/// transport, which the listener's own tests cover, and about DPoP, which is not served.
@Suite("FAPI 2.0 Security Profile, client credentials")
struct FAPI2Tests {
    private func decide(
        _ server: TestServer, _ assertion: String, client: String? = nil, certificate: ClientCertificate? = TestServer.certificate
    ) throws -> OAuthDecision {
        try server.decide(TestServer.form(assertion: assertion, client: client), certificate: certificate)
    }

    private func expectRefused(_ decision: OAuthDecision, _ codes: [String] = ["invalid_client", "invalid_request"]) {
        #expect([400, 401].contains(decision.answer.status))
        #expect(codes.contains(decision.code ?? ""))
        #expect(decision.header("Content-Type") == "application/json")
        #expect(decision.json["access_token"] == nil)
    }

    @Test("fapi2-security-profile-final-discovery-end-point-verification")
    func discoveryEndpointVerification() throws {
        let server = try TestServer(profile: .fapi2)
        let metadata = try #require(StrictJSON(server.server.metadata)?.members)
        #expect(metadata["issuer"] == .string(TestServer.issuer))
        #expect(metadata["tls_client_certificate_bound_access_tokens"] == .bool(true))
        #expect(metadata["token_endpoint_auth_methods_supported"] == .array([.string("private_key_jwt"), .string("tls_client_auth")]))
        let algorithms = Set(metadata["token_endpoint_auth_signing_alg_values_supported"]?.texts ?? [])
        #expect(algorithms == ["ES256", "PS256", "EdDSA"])
        #expect(metadata["grant_types_supported"] == .array([.string("client_credentials")]))
    }

    @Test("fapi2-security-profile-final-happy-flow")
    func happyFlow() throws {
        let server = try TestServer()
        for decision in [
            try decide(server, try TestServer.assertion("bank")),
            try server.decide("grant_type=client_credentials&client_id=bankcert", certificate: TestServer.certificate),
        ] {
            #expect(decision.answer.status == 200)
            guard case .valid(let token) = try server.verdict(decision.accessToken, certificate: TestServer.certificate.sha256) else {
                Issue.record("the token was refused")
                return
            }
            #expect(token.certificate == TestServer.certificate.sha256)
            guard case .refused(.binding, _) = try server.verdict(decision.accessToken, certificate: TestServer.otherCertificate.sha256)
            else {
                Issue.record("a bound token was accepted with another certificate")
                return
            }
        }
        for (index, header) in ["{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", "{\"alg\":\"PS256\",\"kid\":\"rsa-ps\"}"].enumerated() {
            let isEd = index == 0
            let assertion = try TestServer.assertion(
                "bank", header: header, key: isEd ? TestKeys.ed25519 : TestKeys.rsa, scheme: isEd ? .ed25519 : .rsaPSS(.sha256),
                id: "kind-\(index)")
            #expect(try decide(server, assertion).answer.status == 200)
        }
    }

    @Test("fapi2-security-profile-final-ensure-client-id-in-token-endpoint")
    func ensureClientIdInTokenEndpoint() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank"), client: "keys"), ["invalid_client", "invalid_grant"])
        expectRefused(
            try server.decide("grant_type=client_credentials&client_id=bankcert", certificate: TestServer.otherCertificate),
            ["invalid_client", "invalid_grant"])
    }

    @Test("fapi2-security-profile-final-ensure-holder-of-key-required")
    func ensureHolderOfKeyRequired() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank"), certificate: nil))
        expectRefused(try server.decide("grant_type=client_credentials&client_id=bankcert"))
    }

    @Test("fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails")
    func ensureSignedClientAssertionWithRS256Fails() throws {
        let server = try TestServer()
        let assertion = try TestServer.assertion(
            "bank", header: "{\"alg\":\"RS256\",\"kid\":\"rsa-rs\"}", key: TestKeys.rsa, scheme: .rsaPKCS1(.sha256))
        expectRefused(try decide(server, assertion))
    }

    @Test("fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint")
    func ensureClientAssertionInTokenEndpoint() throws {
        let server = try TestServer()
        expectRefused(try server.decide("grant_type=client_credentials&client_id=bank", certificate: TestServer.certificate))
    }

    @Test("fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")
    func ensureClientAssertionWithExpIs5MinutesInPastFails() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank", ["exp": "1789999700"])))
    }

    @Test("fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails")
    func ensureClientAssertionWithWrongAudFails() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank", ["aud": "\"https://www.other1.example.com/\""])))
    }

    @Test("fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails")
    func ensureClientAssertionWithNoSubFails() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank", ["sub": ""])))
        expectRefused(try decide(server, try TestServer.assertion("bank", ["sub": ""]), client: "bank"))
    }

    @Test("fapi2-security-profile-final-par-test-array-as-audience-fails, at the token endpoint")
    func arrayAudienceFails() throws {
        let server = try TestServer()
        for audience in ["[\"https://hooks.example\",\"https://www.other1.example.com/\"]", "[\"https://hooks.example\"]"] {
            expectRefused(try decide(server, try TestServer.assertion("bank", ["aud": audience])))
        }
    }

    @Test("fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails, at the token endpoint")
    func tokenEndpointAsAudienceFails() throws {
        let server = try TestServer()
        server.policy.senders["bank"]?.assertionAudience = .tokenEndpoint
        try server.reload()
        expectRefused(try decide(server, try TestServer.assertion("bank", ["aud": "\"https://hooks.example/oauth/token\""])))
    }

    @Test(
        "fapi2-security-profile-final-par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted, at the token endpoint"
    )
    func iatNbf8SecondsInTheFutureIsAccepted() throws {
        let server = try TestServer()
        let assertion = try TestServer.assertion("bank", ["iat": "1790000008", "nbf": "1790000008"])
        #expect(try decide(server, assertion).answer.status == 200)
    }

    @Test(
        "fapi2-security-profile-final-par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails, at the token endpoint"
    )
    func iatNbfOver60SecondsInTheFutureFails() throws {
        let server = try TestServer()
        expectRefused(try decide(server, try TestServer.assertion("bank", ["iat": "1790000061", "nbf": "1790000061"])))
        expectRefused(try decide(server, try TestServer.assertion("bank", ["nbf": "1790000061"])))
    }

    @Test("no shared secret and no password, though policy lists them")
    func noSharedSecrets() throws {
        let server = try TestServer()
        server.policy.senders["bank"]?.grants = [.clientCredentials, .password]
        try server.reload()
        expectRefused(
            try server.decide(
                "grant_type=client_credentials&client_id=bank&client_secret=\(TestServer.secret)", certificate: TestServer.certificate))
        let form =
            TestServer.form(assertion: try TestServer.assertion("bank"))
            .replacing("grant_type=client_credentials", with: "grant_type=password") + "&username=bank&password=x"
        expectRefused(try server.decide(form, certificate: TestServer.certificate), ["unauthorized_client"])
    }

    @Test("a certificate of a retired version is refused as such, with its version")
    func retiredCertificate() throws {
        let server = try TestServer()
        let name = CredentialName(sender: "bankcert", kind: .certificate)
        var versions = server.credentials.versions
        versions[name]?[0].state = .retired
        server.credentials = CredentialSet(versions)
        try server.reload()
        let form = "grant_type=client_credentials&client_id=bankcert"
        let decision = try server.decide(form, certificate: TestServer.certificate)
        #expect(decision.problem == .certificateRetired)
        #expect(decision.reason == "credential-retired")
        #expect(decision.version == 1)
        #expect(try server.decide(form, certificate: TestServer.otherCertificate).problem == .noCertificate)
    }

    @Test("a gateway's profile holds for every sender without its own")
    func gatewayProfile() throws {
        let server = try TestServer(profile: .fapi2)
        expectRefused(try server.decide("grant_type=client_credentials", authorization: [TestServer.basic("acme", TestServer.secret)]))
        let decision = try server.decide("grant_type=client_credentials&client_id=certs", certificate: TestServer.certificate)
        #expect(decision.answer.status == 200)
    }
}
