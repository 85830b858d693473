/// What belongs to the memory on disk. Replaced as a whole after every change: a file that it does not name is left over from a crash, one
/// that it names must be there and whole, or events would be forgotten unnoticed.
struct ReplayManifest: Sendable, Hashable {
    /// Every key accepted by a record up to this `seq` of the audit log is in the segments, or has expired.
    var covered: UInt64 = 0
    /// The memory's clock when this was written, in microseconds since 1970: it never goes back.
    var steady: Int64 = 0
    /// For the next segment.
    var next: UInt64 = 1
    /// The first answers file that may hold answers to events beyond `covered`.
    var answering: UInt32 = 1
    var segments: [UInt64] = []
    /// The closed answers files, and when the last event of each expires.
    var answers: [(file: UInt32, expires: UInt32)] = []

    var text: String {
        var lines = ["gatehouse-replay 1", "covered \(covered)", "steady \(steady)", "next \(next)", "answering \(answering)"]
        lines.append(contentsOf: segments.map { "segment \($0)" })
        lines.append(contentsOf: answers.map { "answers \($0.file) \($0.expires)" })
        let body = lines.joined(separator: "\n") + "\n"
        return body + "checksum \(Self.checksum(body))\n"
    }

    init() {}

    /// Nil where the text was changed or is of another version.
    init?(_ text: String) {
        guard let end = text.range(ofLast: "checksum "), text[end...] == "checksum \(Self.checksum(String(text[..<end])))\n" else {
            return nil
        }
        let lines = text[..<end].split(separator: "\n")
        guard lines.first == "gatehouse-replay 1" else { return nil }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count >= 2 else { return nil }
            switch words[0] {
            case "covered":
                guard let value = UInt64(words[1]) else { return nil }
                covered = value
            case "steady":
                guard let value = Int64(words[1]) else { return nil }
                steady = value
            case "next":
                guard let value = UInt64(words[1]) else { return nil }
                next = value
            case "answering":
                guard let value = UInt32(words[1]) else { return nil }
                answering = value
            case "segment":
                guard let value = UInt64(words[1]) else { return nil }
                segments.append(value)
            case "answers":
                guard words.count == 3, let file = UInt32(words[1]), let expires = UInt32(words[2]) else { return nil }
                answers.append((file, expires))
            default: return nil
            }
        }
    }

    static func == (left: ReplayManifest, right: ReplayManifest) -> Bool { left.text == right.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    private static func checksum(_ text: String) -> String {
        let value = Array(text.utf8).withUnsafeBytes { Checksum.compute($0) }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension String {
    /// Where `part` last begins.
    fileprivate func range(ofLast part: String) -> Index? {
        let whole = utf8
        var index = whole.endIndex
        while index != whole.startIndex {
            index = whole.index(before: index)
            if whole[index...].starts(with: part.utf8) { return index }
        }
        return nil
    }
}
