import Testing

@testable import GatehouseCommand

@Suite("Terminal output")
struct TerminalTests {
    @Test(
        "what could steer a terminal is written as an escape (SEC-80)",
        arguments: [
            ("plain text, é and 漢", "plain text, é and 漢"), ("\u{1b}[2J", "\\u{1b}[2J"), ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}def", "abc\\u{202e}def"), ("a\u{2028}b", "a\\u{2028}b"), ("\0\u{7f}", "\\u{0}\\u{7f}"),
        ])
    func escapes(_ text: String, _ printed: String) {
        #expect(Terminal.printable(text) == printed)
    }

    @Test("long text is cut, and says so")
    func cuts() {
        #expect(Terminal.printable(String(repeating: "x", count: 11), limit: 10) == "xxxxxxxxxx…")
        #expect(Terminal.printable("xxxxxxxxxx", limit: 10) == "xxxxxxxxxx")
    }

    @Test("JSON keeps the order of members and escapes what it must")
    func json() {
        let value: JSON = .object(["b": 1, "a": .array([nil, true, "q\"\\\n\u{1}é"]), "c": .string(nil)])
        #expect(value.text == #"{"b":1,"a":[null,true,"q\"\\\n\u0001é"],"c":null}"#)
    }
}
