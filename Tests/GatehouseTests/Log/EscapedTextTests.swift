import Foundation
import Testing

@testable import Gatehouse

@Suite("Escaped text")
struct EscapedTextTests {
    /// Every kind of character that is escaped, and some that are not, of one to four bytes.
    private static let pieces = ["\"", "\\", "\n", "\u{1}", "\u{7f}", "\u{85}", "\u{2028}", "\u{202e}", "é", "€", "😀", "a", "plain text "]

    @Test("a JSON reader gets the very same text back, wherever in it an escape falls")
    func roundTrip() throws {
        for piece in Self.pieces {
            for length in Array(0...40) + Array(500...530) {
                let text = String(repeating: "x", count: length) + piece + piece + "y\"z"
                #expect(try Self.read(text) == text, "\(piece.debugDescription) after \(length) bytes")
            }
        }
        let worst = String(repeating: "\u{1}", count: 2_000)
        #expect(try Self.read(worst) == worst)
        let mixed = String(repeating: Self.pieces.joined(), count: 100)
        #expect(try Self.read(mixed) == mixed)
    }

    @Test("what a terminal would obey never stands as it is (SEC-80)")
    func controls() {
        for scalar in Array(0..<0x20) + [0x7f, 0x80, 0x9b, 0x200e, 0x2028, 0x202e, 0x2066] {
            guard let control = Unicode.Scalar(scalar).map(Character.init) else { continue }
            for length in [0, 7, 8, 511, 512, 519] {
                let line = Self.quoted(String(repeating: "x", count: length) + String(control) + "tail")
                #expect(!line.contains(control), "U+\(String(scalar, radix: 16)) after \(length) bytes")
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        var line: [UInt8] = []
        EscapedText.appendQuoted(text, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    private static func read(_ text: String) throws -> String? {
        try JSONSerialization.jsonObject(with: Data(quoted(text).utf8), options: .fragmentsAllowed) as? String
    }
}
