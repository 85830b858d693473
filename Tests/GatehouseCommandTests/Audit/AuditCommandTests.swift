import Foundation
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("audit and explain, as a user runs them", .serialized)
struct AuditCommandTests {
    private let site: TestSite
    private let directory: URL

    init() throws {
        site = try TestSite(gateway: "log: { level: info, format: text }")
        try site.acme(to: "file:../../events.jsonl")
        try site.sender("other")
        try site.endpoint("other", to: "file:../../other.jsonl", senders: "[other]")
        try site.add("other/signing", "whsec_b3RoZXIgc2VuZGVyJ3Mgc2VjcmV0IHZhbHVlLi4=")
        directory = URL(fileURLWithPath: site.folder.path)
    }

    private func run(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(Program.path, arguments + ["--policies", site.policies], in: directory, input: nil)
    }

    /// Three accepted events, one that was changed on the way, one signed an hour ago.
    private func send(_ gateway: GatewayProgram) async throws -> (accepted: [String], changed: RawAnswer, stale: RawAnswer) {
        let sender = try site.acmeSender()
        var accepted: [String] = []
        for number in 1...3 {
            let answer = try await gateway.send(sender.request(id: "msg_\(number)", "{\"type\":\"order.accepted\"}"))
            #expect(answer.status == 200)
            accepted.append(answer.reference ?? "")
        }
        let changed = try await gateway.send(sender.request(id: "=cmd", "{\"a\":1}").changed { $0.body.append(0x20) })
        let stale = try await gateway.send(sender.request(id: "msg_5", "{}", at: SystemClock().now - .seconds(3_600)))
        #expect(changed.status == 401 && stale.status == 401)
        return (accepted, changed, stale)
    }

    @Test("review finds what is asked for, beside a running gateway, on a stopped one and on a copy")
    func review() async throws {
        let gateway = try await GatewayProgram.start(site)
        let sent = try await send(gateway)
        for _ in 0..<2 {
            let all = try await run("audit", "review", "--json")
            #expect(all.output.split(separator: "\n").count == 5)
            let one = try await run(
                "audit", "review", "--json", "--reference", sent.accepted[1], "--sender", "acme", "--decision", "accepted")
            #expect(one.status == 0 && one.output.contains("\"id\":\"msg_2\"") && one.output.split(separator: "\n").count == 1)
            let newest = try await run("audit", "review", "--json", "--limit", "1")
            #expect(newest.output.contains(sent.stale.reference ?? "?") && newest.output.split(separator: "\n").count == 1)
            #expect(try await run("audit", "review", "--since", "1h", "--reason", "timestamp-stale").output.contains("timestamp-stale"))
            #expect(try await run("audit", "review", "--until", "1h").status == 1)
            #expect(try await run("audit", "review", "--since", "never").status == 64)
            let bogus = try await run("audit", "review", "--reason", "bogus")
            #expect(bogus.status == 64 && bogus.messages.contains("timestamp-stale"))
            let summary = try await run("audit", "review", "--summary", "--json")
            #expect(
                summary.output.contains("\"decisions\":{\"accepted\":3,\"rejected\":2}")
                    && summary.output.contains("\"acme signature version 1\":"))
            gateway.signal(SIGTERM)
            _ = await gateway.exit()
        }
        let copy = directory.appendingPathComponent("copy")
        try FileManager.default.copyItem(at: directory.appendingPathComponent("var/audit"), to: copy)
        let copied = try await Program.run(
            Program.path, ["audit", "review", "--log", copy.path, "--event", "msg_3"], in: directory, input: nil)
        #expect(copied.status == 0 && copied.output.contains("msg_3"))
    }

    @Test("checkpoints kept elsewhere reveal a log that was made anew, and nothing is signed over it (SEC-77, SEC-78)")
    func checkpoints() async throws {
        let gateway = try await GatewayProgram.start(site)
        let sent = try await send(gateway)
        let first = try await run("audit", "checkpoint")
        #expect(first.status == 0 && first.output.hasPrefix("gatehouse/"))
        try site.folder.write("first", first.output)
        try site.folder.write("key", try await run("audit", "key").output)
        #expect(try await run("audit", "verify", "--against", "first").status == 0)
        _ = try await gateway.send(site.acmeSender().request(id: "msg_9", "{}"))
        try site.folder.write("proof", try await run("audit", "prove", sent.accepted[0]).output)
        #expect(try await run("audit", "prove", sent.accepted[0], "--json").output.hasPrefix("{\"proof\":\""))
        try site.folder.write("record", try await run("audit", "review", "--json", "--reference", sent.accepted[0]).output)
        try site.folder.write("wrong", try await run("audit", "review", "--json", "--reference", sent.accepted[1]).output)
        try site.folder.write("growth", try await run("audit", "prove", "--since", "first").output)
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        func proves(_ arguments: String...) async throws -> Int32 {
            try await Program.run(Program.path, ["audit", "verify-proof"] + arguments + ["--key", "key"], in: directory, input: nil).status
        }
        #expect(try await proves("proof", "--record", "record") == 0)
        #expect(try await proves("proof", "--record", "record", "--json") == 0)
        #expect(try await proves("proof", "--record", "wrong") == 1)
        #expect(try await proves("growth", "--old", "first") == 0)
        #expect(try await proves("growth", "--record", "record") == 1)
        #expect(try await run("audit", "verify", "--against", "first").status == 0)
        let segment = try #require(site.folder.names(in: "var/audit").first { $0.hasSuffix(".jsonl") })
        var lines = site.folder.read("var/audit/\(segment)").split(separator: 0x0a).map(Array.init)
        lines.removeLast(3)
        try site.folder.write("cut/\(segment)", lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined())
        let cut = try await Program.run(
            Program.path, ["audit", "verify", "--log", "cut", "--key", "key", "--against", "growth", "--json"], in: directory, input: nil)
        #expect(cut.status == 2)
        let last = try await run("audit", "checkpoint", "--against", "first")
        try site.folder.write("last", last.output)
        let shorter = try await Program.run(
            Program.path, ["audit", "verify", "--log", "cut", "--key", "key", "--against", "last", "--json"], in: directory, input: nil)
        #expect(shorter.status == 1 && shorter.output.contains("\"ok\":false"))
        let text = try await run("audit", "verify", "--against", "first")
        #expect(text.output.contains("1 checkpoint kept elsewhere was compared and fit"))
    }

    @Test("verify on a copy says whether signatures were checked, reads a forwarded file, and a place without a log is an error")
    func copies() async throws {
        func verify(_ arguments: String...) async throws -> Program.Result {
            try await Program.run(Program.path, ["audit", "verify", "--log"] + arguments, in: directory, input: nil)
        }
        let gateway = try await GatewayProgram.start(site)
        _ = try await send(gateway)
        try site.folder.write("key", try await run("audit", "key").output)
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let unchecked = try await verify("var/audit")
        #expect(
            unchecked.status == 0 && unchecked.messages.contains("signatures not checked; give --key")
                && !unchecked.output.contains("signed"))
        #expect(try await verify("var/audit", "--json").output.contains("\"signatures_checked\":false"))
        let checked = try await verify("var/audit", "--key", "key")
        #expect(checked.status == 0 && checked.output.contains("signed checkpoint") && checked.messages.isEmpty)
        let segment = try #require(site.folder.names(in: "var/audit").first { $0.hasSuffix(".jsonl") })
        try site.folder.write("forwarded.jsonl", String(decoding: site.folder.read("var/audit/\(segment)"), as: UTF8.self))
        #expect(try await verify("forwarded.jsonl", "--key", "key").output == checked.output)
        try site.folder.write("empty/other.txt", "")
        let empty = try await verify("empty")
        #expect(empty.status == 2 && empty.messages.contains("no log in empty"))
        let followed = try await Program.run(Program.path, ["audit", "review", "--follow", "--log", "empty"], in: directory, input: nil)
        #expect(followed.status != 0 && followed.messages.contains("no log in empty"))
    }

    @Test("lines that are no records are counted where a copied log is shown or exported, and what says nothing together is refused")
    func strangeLines() async throws {
        let gateway = try await GatewayProgram.start(site)
        let sent = try await send(gateway)
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let segment = try #require(site.folder.names(in: "var/audit").first { $0.hasSuffix(".jsonl") })
        let log = String(decoding: site.folder.read("var/audit/\(segment)"), as: UTF8.self)
        try site.folder.write("strange.jsonl", "garbage\n" + log + "{\"a\":1}\n" + String(repeating: "x", count: 1 << 20) + "\n")
        func run(_ arguments: String...) async throws -> Program.Result {
            try await Program.run(Program.path, arguments + ["--log", "strange.jsonl"], in: directory, input: nil)
        }
        for arguments in [["audit", "review", "--json"], ["audit", "review", "--summary"], ["audit", "export", "--format", "csv"]] {
            let result = try await Program.run(Program.path, arguments + ["--log", "strange.jsonl"], in: directory, input: nil)
            #expect(result.status == 0 && result.messages.contains("3 lines are no records"), "\(arguments): \(result.messages)")
        }
        #expect(try await run("audit", "review", "--follow", "--until", "1h").status == 64)
        #expect(try await self.run("explain", sent.accepted[0], "--endpoint", "acme").status == 64)
        // A symbolic link is named as what it is.
        try FileManager.default.createDirectory(atPath: site.folder("linked"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: site.folder("linked/\(segment)"), withDestinationPath: site.folder("var/audit/\(segment)"))
        let linked = try await Program.run(Program.path, ["audit", "verify", "--log", "linked"], in: directory, input: nil)
        #expect(linked.status == 2 && linked.messages.contains("\(segment) is a symbolic link, which is not followed"))
    }

    @Test("a foreign and an edited checkpoint are named as what they are, and a kept one contradicts a log that was emptied")
    func checkpointProblems() async throws {
        let gateway = try await GatewayProgram.start(site)
        _ = try await send(gateway)
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let checkpoint = try await run("audit", "checkpoint").output
        try site.folder.write("own", checkpoint)
        var lines = checkpoint.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[1] = "1"
        try site.folder.write("edited", lines.joined(separator: "\n"))
        let edited = try await run("audit", "verify", "--against", "edited")
        #expect(edited.status == 2 && edited.messages.contains("does not fit its text: it was changed"))
        #expect(!edited.messages.contains("not sealed"))
        let key = try await run("audit", "key").output
        // Another key of the same name.
        let signature = try #require(checkpoint.split(separator: " ").last)
        try site.folder.write("foreign", checkpoint.replacingOccurrences(of: signature, with: "AAAAA" + signature.dropFirst(5)))
        let foreign = try await run("audit", "verify", "--against", "foreign")
        let name = key.split(separator: "+").prefix(2).joined(separator: "+")
        #expect(foreign.status == 2 && foreign.messages.contains("this log's key is \(name)"), "\(foreign.messages)")
        try FileManager.default.createDirectory(atPath: site.folder("emptied"), withIntermediateDirectories: true)
        let emptied = try await Program.run(
            Program.path, ["audit", "verify", "--log", "emptied", "--against", "own", "--json"], in: directory, input: nil)
        #expect(emptied.status == 1 && emptied.output.contains("\"bad_record\":1"), "\(emptied.output)\(emptied.messages)")
    }

    @Test("check warns of a file to forward to whose directory is missing")
    func missingDirectory() async throws {
        try site.configure(gateway: "audit: { forward: \"file:../missing/copy.jsonl\" }")
        let check = try await run("check")
        #expect(check.status == 0 && check.messages.contains("no record can be forwarded to"), "\(check.messages)")
        try site.folder.write("missing/other", "")
        #expect(try await !run("check").messages.contains("no record can be forwarded to"))
    }

    @Test("a summary's senders add up, and its bars are of the locale's characters")
    func summaryRows() async throws {
        let gateway = try await GatewayProgram.start(site)
        _ = try await send(gateway)
        _ = try await gateway.send(RawRequest("/nowhere"))
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let command = "\(Program.path) audit review --summary --policies \(site.policies)"
        let plain = try await Program.run("/bin/bash", ["-c", "LC_ALL=C \(command)"], in: directory, input: nil)
        #expect(plain.output.contains("(none)") && plain.output.contains("#") && !plain.output.contains("█"))
        #expect(try await Program.run("/bin/bash", ["-c", "LC_ALL=C.UTF-8 \(command)"], in: directory, input: nil).output.contains("█"))
    }

    @Test("exports neutralise formulas, and OCSF events have what their classes require (SEC-80)")
    func export() async throws {
        let gateway = try await GatewayProgram.start(site)
        _ = try await send(gateway)
        _ = try await gateway.send(site.acmeSender().request(id: "=1+1", "{}"))
        _ = try await gateway.send(site.acmeSender().request(id: "m_\u{ff1d}", "{\"type\":\"\u{ff1d}1\"}"))
        gateway.signal(SIGTERM)
        _ = await gateway.exit()
        let table = try await run("audit", "export", "--format", "csv")
        #expect(table.status == 0 && table.output.contains(",'=1+1,"))
        #expect(table.output.contains(",'\u{ff1d}1,"))
        #expect(table.output.utf8.split(separator: 0x0a).count == 8)
        #expect(try await run("secret", "rotate", "acme/signing", "--overlap", "1h").status == 0)
        #expect(try await run("secret", "retire", "acme/signing", "9").status != 0)
        let events = try await run("audit", "export", "--format", "ocsf", "--all")
        #expect(events.output.contains("\"resources\":[{\"type\":\"credential\",\"name\":\"acme/signing\",\"version\":\"2\"}]"))
        #expect(events.output.contains("\"credential\":\"acme/signing\",\"result\":\"ok\",\"version\":2}"))
        #expect(events.output.contains("\"checks\":[{\"check\":\"signature\",") && events.output.contains("\"request\":{\"uid\":\""))
        let schema = try OCSFSchema()
        var classes: Set<Int> = []
        var results: Set<String> = []
        for line in events.output.split(separator: "\n") {
            let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(schema.problems(event) == [], "\(line)")
            let kind = try #require(event["class_uid"] as? Int)
            classes.insert(kind)
            #expect(event["type_uid"] as? Int == kind * 100 + (event["activity_id"] as? Int ?? -1))
            #expect((event["metadata"] as? [String: Any])?["version"] as? String == "1.3.0")
            let unmapped = event["unmapped"] as? [String: Any]
            if let result = unmapped?["result"] as? String { results.insert(result == "ok" ? "Success" : "Failure") }
            if unmapped?["result"] != nil {
                #expect((event["status"] as? String) == (unmapped?["result"] as? String == "ok" ? "Success" : "Failure"))
            }
            // No address is made up for what came from no connection.
            let source = event["src_endpoint"] as? [String: Any]
            #expect((source?["ip"] == nil) == (unmapped?["decision"] == nil) && (source?["ip"] == nil) == (source?["name"] != nil))
        }
        #expect(results == ["Success", "Failure"])
        #expect(classes == [3_002, 6_003])
        let some = try await run("audit", "export", "--format", "csv", "--decision", "rejected", "--reason", "timestamp-stale")
        #expect(some.output.utf8.split(separator: 0x0a).count == 2)
        #expect(try await run("audit", "export", "--format", "csv", "--sender", "nobody").status == 1)
        let newest = try await run("audit", "export", "--format", "jsonl", "--limit", "2")
        #expect(
            try await run("audit", "review", "--json", "--limit", "2").output == newest.output
                && newest.output.split(separator: "\n").count == 2)
        #expect(try await run("audit", "export", "--format", "jsonl").output == run("audit", "review", "--json").output)
    }

    @Test(
        "each refusal whose signature holds has its skew, and the summary shows how far each sender's clock is off and warns near the tolerance"
    )
    func skew() async throws {
        let gateway = try await GatewayProgram.start(site)
        let sender = try site.acmeSender()
        let now = SystemClock().now
        for (number, age) in [3, 4, 250, 3_600, -1_200].enumerated() {
            _ = try await gateway.send(sender.request(id: "msg_\(number)", "{}", at: now - .seconds(age)))
        }
        // Its time proves nothing, since its signature does not hold.
        _ = try await gateway.send(sender.request(id: "msg_x", "{}", at: now - .seconds(9_000)).changed { $0.body = [0x7b] })
        gateway.signal(SIGTERM)
        _ = await gateway.exit()
        for (reason, wanted) in [("timestamp-stale", 3_600_000), ("timestamp-future", -1_200_000)] {
            let record = try await run("audit", "review", "--json", "--reason", reason).output
            let object = try JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any]
            #expect(abs((object?["skew_ms"] as? Int ?? 0) - wanted) < 20_000, "\(record)")
        }
        #expect(try await run("audit", "review", "--json", "--reason", "signature-mismatch").output.contains("skew_ms") == false)
        let summary = try await run("audit", "review", "--summary", "--json")
        let object = try JSONSerialization.jsonObject(with: Data(summary.output.utf8)) as? [String: Any]
        let acme = (object?["skew_ms"] as? [String: Any])?["acme"] as? [String: Any]
        #expect(acme?["count"] as? Int == 5)
        #expect((acme?["most"] as? Int ?? 0) >= 3_600_000 && (acme?["least"] as? Int ?? 0) <= -1_190_000)
        #expect((acme?["median"] as? Int ?? 0) >= 3_000 && (acme?["median"] as? Int ?? 0) < 30_000)
        #expect(summary.output.contains("are tolerated"))
        let text = try await run("audit", "review", "--summary")
        #expect(text.output.contains("arrival after the signed time") && text.messages.contains("warning: acme: requests arrive up to"))
    }

    @Test("verify that could not read says so in JSON too, and a reader that leaves ends an answer quietly")
    func endings() async throws {
        let unreadable = try await Program.run(Program.path, ["audit", "verify", "--log", "nowhere", "--json"], in: directory, input: nil)
        #expect(unreadable.status == 2)
        let object = try JSONSerialization.jsonObject(with: Data(unreadable.output.utf8)) as? [String: Any]
        #expect(object?["ok"] as? Bool == false && (object?["error"] as? String)?.contains("nowhere") == true)
        let gateway = try await GatewayProgram.start(site)
        _ = try await send(gateway)
        gateway.signal(SIGTERM)
        _ = await gateway.exit()
        // Many times the records, so that the pipe is full when its reader leaves.
        let segment = try #require(site.folder.names(in: "var/audit").first { $0.hasSuffix(".jsonl") })
        let lines = String(decoding: site.folder.read("var/audit/\(segment)"), as: UTF8.self)
        try site.folder.write("large/\(segment)", String(repeating: lines, count: 800))
        for command in [
            "audit review --json --log large", "audit review --log large", "audit export --format csv --log large",
            "audit export --format ocsf --log large",
        ] {
            let script = "set -o pipefail; '\(Program.path)' \(command) | head -n 1"
            let result = try await Program.run("/bin/bash", ["-c", script], in: directory, input: nil)
            #expect(result.messages.isEmpty && result.output.split(separator: "\n").count == 1, "\(command): \(result.messages)")
            #expect(result.status == 0, "\(command): \(result.status)")
        }
    }

    @Test("explain tells from the record alone what was wrong, with the figures, and names who and what is to be changed")
    func explainRecords() async throws {
        try site.sender("user")
        try site.endpoint("user", to: "file:../../user.jsonl", senders: "[user]", authenticate: "[basic]")
        try site.add("user/basic")
        try site.sender("far", "networks: [10.0.0.0/8]")
        try site.endpoint("far", to: "file:../../far.jsonl", senders: "[far]")
        let farSecret = try site.add("far/signing")
        let gateway = try await GatewayProgram.start(site)
        let sender = try site.acmeSender()
        func explained(_ request: RawRequest, _ status: Int) async throws -> String {
            let answer = try await gateway.send(request)
            #expect(answer.status == status)
            let result = try await run("explain", answer.reference ?? "")
            #expect(result.status == 0 && !result.output.contains("SENDER"), "\(result.output)")
            return result.output
        }
        func basic(_ value: String) -> RawRequest { RawRequest("/hooks/user", fields: [("Authorization", "Basic " + value)], body: "{}") }
        let milliseconds = "\(SystemClock().now.microseconds / 1_000)"
        let unit = try await explained(sender.request("{}", fields: [("webhook-timestamp", milliseconds)]), 401)
        #expect(
            unit.contains("in milliseconds; scheme standard-webhooks reads seconds") && unit.contains("\(milliseconds) came, of 13 digits"))
        #expect(try await explained(sender.request(id: "msg.1", "{}"), 401).contains("The header webhook-id holds `.`"))
        let garbled = try await explained(basic("###"), 401)
        #expect(garbled.contains("is not that of user and password") && !garbled.contains("stored"))
        #expect(try await explained(basic("dXNlcjpub3BlbmVzcw=="), 401).contains("gatehouse secret rotate user/basic"))
        let far = try TestSender("standard-webhooks", secret: farSecret, path: "/hooks/far")
        let network = try await explained(far.request(id: "msg_1", "{}"), 401)
        #expect(network.contains("Sender far may come from 10.0.0.0/8") && network.contains("senders/far.yaml"))
        #expect(
            try await explained(RawRequest("/hooks/acme").changed { $0.method = "PATCH" }, 405).contains(
                "PATCH came; endpoint acme takes POST."))
        #expect(try await explained(RawRequest("/hooks/acme").with("Host", "twice"), 400).contains("What was wrong: "))
        let now = WallTime(seconds: SystemClock().now.seconds)
        let stale = try sender.request(id: "msg_1", "{}", at: now - .seconds(3_600))
        try site.folder.write("stale", String(decoding: stale.bytes, as: UTF8.self))
        let tried = try await run("explain", "--endpoint", "acme", "--request", "stale", "--at", now.description)
        #expect(tried.output.contains("3600 s") && tried.output.contains("300 s are allowed"))
        try site.folder.write("elsewhere", String(decoding: RawRequest("/hooks/acm").bytes, as: UTF8.self))
        let elsewhere = try await run("explain", "--endpoint", "acme", "--request", "elsewhere", "--json").output
        #expect(elsewhere.contains("\"reason\":\"not-found\""))
        gateway.signal(SIGTERM)
        _ = await gateway.exit()
    }

    @Test("explain finds what was done to a request, and prints nothing secret")
    func explain() async throws {
        let gateway = try await GatewayProgram.start(site)
        let sent = try await send(gateway)
        let stale = try await run("explain", sent.stale.reference ?? "")
        #expect(stale.status == 0 && stale.output.contains("3600 s") && stale.output.contains("timestamp-stale"))
        let changed = try await run("explain", sent.changed.reference ?? "")
        #expect(changed.messages.contains("--request FILE"))
        #expect(try await run("explain", "01ARZ3NDEKTSV4RRFFQ69G5FAV").status == 1)

        let body = "{\"id\": 1, \"name\": \"caf\u{e9}\"}"
        func cause(_ sender: TestSender? = nil, _ change: (inout RawRequest) -> Void) async throws -> String {
            let request = try (sender ?? site.acmeSender()).request(id: "msg_x", body).changed(change)
            try site.folder.write("request", String(decoding: request.bytes, as: UTF8.self))
            let result = try await run("explain", "--endpoint", "acme", "--request", "request", "--json")
            #expect(!result.output.contains(site.secret) && !result.output.contains(site.secret.dropFirst(6)))
            let answer = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            return ((answer?["causes"] as? [[String: Any]])?.first?["cause"] as? String ?? "none") + " \(result.status)"
        }
        #expect(try await cause { _ in } == "passes 0")
        #expect(try await cause { $0.body.append(0x0a) } == "body-newline-added 0")
        #expect(try await cause { $0.body = Array("{\"id\":1,\"name\":\"caf\u{e9}\"}".utf8) } == "body-reformatted 0")
        #expect(try await cause { $0.body = Array("{\"id\": 2}".utf8) } == "secret-unknown 1")
        #expect(
            try await cause { request in
                let value = request["webhook-signature"]
                request = request.without("webhook-signature").with("X-Webhook-Signature", value)
            } == "header-renamed 0")
        let other = try TestSender("standard-webhooks", secret: "whsec_b3RoZXIgc2VuZGVyJ3Mgc2VjcmV0IHZhbHVlLi4=", path: "/hooks/acme")
        #expect(try await cause(other) { _ in } == "secret-of-another-sender 0")
        _ = try await run("secret", "rotate", "acme/signing", "--overlap", "1s")
        try await Task.sleep(for: .milliseconds(1_100))
        #expect(try await cause { _ in } == "secret-retired 0")
        gateway.signal(SIGTERM)
        _ = await gateway.exit()
        #expect(try await cause { _ in } == "secret-retired 0")
    }
}
