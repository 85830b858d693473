import Foundation
import Testing

extension Operations {
    @Suite("secret add")
    struct SecretTests {
        @Test("is refused where a live version exists, on a stopped and on a running gateway, and honoured at once by a running one")
        func addition() async throws {
            let gateway = try Installation()
            try gateway.write("policies/senders/beta.yaml", "# \n")
            try gateway.endpoint("beta", sender: "beta", deliver: "file:../../beta.jsonl")
            try await gateway.addSecret()
            let again = try await gateway.run("secret", "add", "acme/signing")
            #expect(again.status == 1 && again.output.isEmpty && again.messages.contains("secret rotate"), "\(again)")
            try await gateway.start()
            let running = try await gateway.run("secret", "add", "acme/signing")
            #expect(running.status == 1 && running.output.isEmpty && running.messages.contains("secret rotate"), "\(running)")

            let before = try await Load(gateway, ["--count", "1", "--path", "/hooks/beta"]).report()
            #expect(before.answers == ["401": 1])
            let added = try await gateway.run("secret", "add", "beta/signing", "--json")
            #expect(added.status == 0)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(added.output.utf8)) as? [String: Any])
            #expect(object["credential"] as? String == "beta/signing" && object["version"] as? Int == 1)
            try gateway.write("secret", #require(object["secret"] as? String), mode: 0o600)
            let after = try await Load(gateway, ["--count", "1", "--path", "/hooks/beta"]).report()
            #expect(after.answers == ["200": 1])
            let records = try gateway.records().filter { $0["kind"] as? String == "admin" }
            #expect(records.count == 4, "\(records)")
        }

        @Test("says that nobody uses the credential of a sender or handler that the policy does not know", arguments: [false, true])
        func stranger(isRunning: Bool) async throws {
            let gateway = try Installation()
            if isRunning { try await gateway.start() }
            for (credential, said) in [
                ("nosuch/signing", "no sender is named nosuch"), ("handler/erp/signing", "no handler is named erp"), ("acme/signing", ""),
            ] {
                let added = try await gateway.run("secret", "add", credential)
                #expect(added.status == 0 && added.output.hasPrefix("whsec_"), "\(added)")
                #expect(said.isEmpty ? !added.messages.contains("named") : added.messages.contains(said), "\(added)")
            }
        }

        @Test("changes nothing where the change could leave no record")
        func noRecord() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            let listed = try await gateway.run("secret", "status", "--json")
            try gateway.replace(in: "policies/gateway.yaml", "reserve: 1MiB", "reserve: 1024GiB")
            let stopped = try await gateway.run("secret", "add", "acme/basic")
            #expect(stopped.status == 1 && stopped.output.isEmpty && stopped.messages.contains("audit.reserve"), "\(stopped)")
            try await gateway.start()
            try #require(await becomesTrue { try await gateway.health().status == "503" })
            let running = try await gateway.run("secret", "add", "acme/basic")
            #expect(running.status == 1 && running.output.isEmpty && running.messages.contains("audit.reserve"), "\(running)")
            let same = try await gateway.run("secret", "status", "--json")
            #expect(same.output == listed.output)
        }
    }
}
