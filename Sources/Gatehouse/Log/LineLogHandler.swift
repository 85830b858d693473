import GatehouseTime
import Logging

/// Writes log events as lines of text or of JSON. Every value is escaped and bounded (SEC-80); the metadata `reference` is the request's
/// and stands in the same place of each line that has one.
///
///     2026-11-24T02:01:02.123456Z warning handler did not answer endpoint=acme reference=01JDE…
///     {"time":"2026-11-24T02:01:02.123456Z","level":"warning","message":"handler did not answer","reference":"01JDE…","endpoint":"acme"}
struct LineLogHandler: LogHandler {
    static let referenceKey = "reference"

    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// The output's level, unless it was set for this logger.
    var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    private let output: LogOutput
    private let clock: any GatewayClock
    private var ownLevel: Logger.Level?

    init(output: LogOutput, clock: any GatewayClock = SystemClock()) {
        self.output = output
        self.clock = clock
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        if let error = event.error, merged["error"] == nil { merged["error"] = "\(error)" }

        var line: [UInt8] = []
        line.reserveCapacity(256)
        if output.isJSON {
            appendJSON(event, merged, to: &line)
        } else {
            appendText(event, merged, to: &line)
        }
        output.write(line)
    }

    private func appendText(_ event: LogEvent, _ metadata: Logger.Metadata, to line: inout [UInt8]) {
        clock.now.append(to: &line)
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: event.level.rawValue.utf8)
        line.append(UInt8(ascii: " "))
        appendMessage(event.message.description, quotes: false, to: &line)
        for (key, value) in Self.ordered(metadata, referenceLast: true) {
            var field: [UInt8] = [UInt8(ascii: " ")]
            EscapedText.append(key, to: &field, limit: longestKey)
            field.append(UInt8(ascii: "="))
            if Self.needsQuotes(value) {
                EscapedText.appendQuoted(value, to: &field, limit: longestValue)
            } else {
                EscapedText.append(value, to: &field, limit: longestValue)
            }
            if fits(field, line, key) { line.append(contentsOf: field) }
        }
        line.append(UInt8(ascii: "\n"))
    }

    private func appendJSON(_ event: LogEvent, _ metadata: Logger.Metadata, to line: inout [UInt8]) {
        line.append(contentsOf: #"{"time":""#.utf8)
        clock.now.append(to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: event.level.rawValue.utf8)
        line.append(contentsOf: #"","message":"#.utf8)
        line.append(UInt8(ascii: "\""))
        appendMessage(event.message.description, quotes: true, to: &line)
        line.append(UInt8(ascii: "\""))
        for (key, value) in Self.ordered(metadata, referenceLast: false) where !Self.ownMembers.contains(key) {
            var field: [UInt8] = [UInt8(ascii: ",")]
            EscapedText.appendQuoted(key, to: &field, limit: longestKey)
            field.append(UInt8(ascii: ":"))
            EscapedText.appendQuoted(value, to: &field, limit: longestValue)
            if fits(field, line, key) { line.append(contentsOf: field) }
        }
        line.append(contentsOf: "}\n".utf8)
    }

    /// A message that escaping makes too long is cut where even escapes alone would leave room for the reference.
    private func appendMessage(_ message: String, quotes: Bool, to line: inout [UInt8]) {
        let start = line.count
        EscapedText.append(message, quotes: quotes, to: &line, limit: longestMessage)
        guard line.count > LogOutput.longestLine - longestReference - 8 else { return }
        line.removeSubrange(start...)
        EscapedText.append(message, quotes: quotes, to: &line, limit: longestEscapedMessage)
    }

    /// Room is kept for the reference, which every line with one must show, and for the line's end.
    private func fits(_ field: [UInt8], _ line: [UInt8], _ key: String) -> Bool {
        let reserve = key == Self.referenceKey ? 2 : 2 + longestReference
        return line.count + field.count + reserve <= LogOutput.longestLine
    }

    /// Sorted by key, so that lines are alike, but for the reference.
    private static func ordered(_ metadata: Logger.Metadata, referenceLast: Bool) -> [(String, String)] {
        var fields = metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        if let index = fields.firstIndex(where: { $0.0 == referenceKey }) {
            let reference = fields.remove(at: index)
            fields.insert(reference, at: referenceLast ? fields.endIndex : fields.startIndex)
        }
        return fields
    }

    private static func needsQuotes(_ value: String) -> Bool {
        value.isEmpty || value.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") }
    }

    private static let ownMembers: Set<String> = ["time", "level", "message"]
}

// Bytes before escaping; an escape is at most six times as long.
private let longestMessage = 2048
private let longestEscapedMessage = 512
private let longestKey = 64
private let longestValue = 512
/// ` reference=` or `,"reference":""` with a ULID, and some room.
private let longestReference = 64
