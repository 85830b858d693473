import Testing

@testable import GatehousePolicy

@Suite("YAML that policy does not allow (SEC-94)")
struct YAMLSafetyTests {
    private static func sender(_ text: String, _ expected: String) -> Refusal { Refusal("senders/acme.yaml", text, expected) }

    static let cases: [Refusal] = [
        sender("scopes: &all [a]\naudiences: *all", "1:9: anchors and aliases are refused"),
        sender("scopes: *all", "1:9: anchors and aliases are refused"),
        sender("scopes: [*]", "1:"),
        sender("scopes: !!seq [a]", "1:9: tags are refused"),
        sender("scopes: [!!str a]", "1:10: tags are refused"),
        sender("scopes: [! 'a']", "1:10: tags are refused"),
        sender("scopes:\n\t- a", "2:1: a tab cannot indent (use spaces)"),
        sender("scopes: [a]\nnetworks: [10.0.0.1]\nscopes: [b]", "3:1: key 'scopes' appears twice (first on line 1)"),
        sender("{ scopes: [a], scopes: [b] }", "1:16: key 'scopes' appears twice (first on line 1)"),
        sender("&a scopes: [a]\nscopes: [b]", "1:1: key 'scopes' appears twice"),
        sender("'''it': [a]\n'''it': [b]", "1:1: key ''it' appears twice"),
        sender("scopes: [a]\n\"scopes\": [b]", "2:1: key 'scopes' appears twice (first on line 1)"),
        sender("? [a, b]\n: c", "1:3: a key must be text, not a list"),
        sender("scopes: [a]\n---\nscopes: [b]", "2:1: a second document"),
        sender("scopes: [a\n", "2:1: while parsing a flow sequence: did not find expected ',' or ']' (it begins at 1:9)"),
        sender("scopes: 'a\n", "2:1: while scanning a quoted scalar: found unexpected end of stream (it begins at 1:9)"),
        sender("scopes: [\"\\ud800\"]", "1:"),
        sender("<<: { scopes: [a] }", "1:1: unknown key '<<' in a sender"),
        sender(String(repeating: "[", count: 33) + String(repeating: "]", count: 33), "1:33: nested deeper than 32 levels"),
        sender(String(repeating: "[", count: 100_000), "1:"),
        sender((0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), "32:32: nested deeper than 32 levels"),
    ]

    @Test("is refused where it stands", arguments: cases)
    func refused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("repeated keys hide nothing: each is said, and so is everything else of their file")
    func repeatedKeys() throws {
        let gateway = """
            listen:
              - { address: 0.0.0.0:8443, certificate: server.pem, private-key: server.key, "address": 0.0.0.0:8444 }
            limits: { drain: 30s, drain: 40s, drain: 50s, bdy: 1MiB }
            log: { format: jsn }
            'log': { format: !!str text }
            """
        #expect(
            try TemporaryPolicy(["gateway.yaml": gateway]).errors() == [
                "gateway.yaml:2:80: key 'address' appears twice (first on line 2)",
                "gateway.yaml:3:23: key 'drain' appears twice (first on line 3)",
                "gateway.yaml:3:35: key 'drain' appears twice (first on line 3)",
                "gateway.yaml:3:47: unknown key 'bdy' in limits (did you mean 'body'?)",
                "gateway.yaml:4:16: 'jsn' is not one of text, json (did you mean 'json'?)",
                "gateway.yaml:5:1: key 'log' appears twice (first on line 4)",
                "gateway.yaml:5:18: tags are refused (remove it; quotes make text)",
            ])
        let cut = try TemporaryPolicy(["senders/acme.yaml": "tokens: { a: 1, a: 2 }\nscopes: [a\n"]).errors()
        #expect(cut.first == "senders/acme.yaml:1:11: key 'a' appears twice" && cut.count == 2, "said: \(cut)")
        let many = (0..<200).map { "k\($0): a\nk\($0): b\n" }.joined()
        #expect(try TemporaryPolicy(["senders/acme.yaml": many]).errors().count == 33)
    }

    @Test("aliases of aliases cost nothing to refuse")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a40\n: x\n"
        let errors = try TemporaryPolicy(["senders/acme.yaml": text]).errors()
        #expect(errors.count == 1 && errors.allSatisfy { $0.contains("aliases are refused") }, "said: \(errors)")
    }

    @Test("text that only looks like an alias is text")
    func starsInText() throws {
        let accept = (0..<40).map { "'order.* &a *a \($0)'" }.joined(separator: ", ")
        let endpoint = TemporaryPolicy.endpoint + "\nevents: { accept: [\(accept)] }"
        #expect(try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).errors().allSatisfy { !$0.contains("twice") })
        let policy = try TemporaryPolicy(["endpoints/acme.yaml": TemporaryPolicy.endpoint + "\nevents: { accept: ['*', 'a & b'] }"]).load()
        #expect(policy.endpoints.first?.events.accept == ["*", "a & b"])
    }

    @Test("a file of 10 MB is refused without being read")
    func tenMegabytes() throws {
        let policy = try TemporaryPolicy()
        try policy.write("senders/acme.yaml", [UInt8](repeating: UInt8(ascii: "#"), count: 10_000_000))
        #expect(policy.errors() == ["senders/acme.yaml:1:1: larger than 1024 KiB"])
    }

    @Test("a file that is not UTF-8 is refused at its line")
    func notUTF8() throws {
        let policy = try TemporaryPolicy()
        try policy.write("senders/acme.yaml", Array("scopes: [a]\n# \u{e9}\n".utf8) + [0x23, 0xff, 0x0a])
        #expect(policy.errors() == ["senders/acme.yaml:3:1: not UTF-8 (save the file as UTF-8)"])
    }

    @Test("a control character is refused, and messages do not repeat it")
    func controlCharacter() throws {
        let inText = try TemporaryPolicy(["senders/acme.yaml": "scopes: [a]\n# \u{1b}[31m"]).errors()
        #expect(
            inText.count == 1 && inText.allSatisfy { $0.hasPrefix("senders/acme.yaml:2:3: a character that YAML does not allow") },
            "said: \(inText)")
        let escaped = try TemporaryPolicy(["senders/acme.yaml": "\"\\e[31m\": a"]).errors()
        #expect(escaped.count == 1 && !escaped.contains { $0.contains("\u{1b}") }, "said: \(escaped)")
    }

    @Test("an empty file, comments and a byte order mark are fine for a sender")
    func empty() throws {
        for text in ["", "# nothing\n", "---\n", "\u{feff}scopes: [a]\n", "{}"] {
            #expect(try TemporaryPolicy(["senders/acme.yaml": text]).errors() == [], "\(text.debugDescription)")
        }
    }

    @Test("a byte order mark is no part of the first key, and moves no column")
    func byteOrderMark() throws {
        let marked = TemporaryPolicy.files.mapValues { "\u{feff}" + $0 }
        #expect(try TemporaryPolicy(marked).errors() == [])
        #expect(
            try TemporaryPolicy(["senders/acme.yaml": "\u{feff}scops: [a]"]).errors().first?.hasPrefix(
                "senders/acme.yaml:1:1: unknown key 'scops'")
                == true)
    }
}
