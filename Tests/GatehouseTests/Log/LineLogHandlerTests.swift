import GatehousePolicy
import GatehouseTime
import Glibc
import Logging
import Testing

@testable import Gatehouse

@Suite("the log")
struct LineLogHandlerTests {
    private struct StoppedClock: GatewayClock {
        var now: WallTime { WallTime(microseconds: 1_795_485_662_123_456) }
        var monotonic: MonotonicTime { MonotonicTime(nanoseconds: 0) }
    }

    /// What `body` logs.
    private func lines(
        _ format: GatewayPolicy.Log.Format = .text, _ level: GatewayPolicy.Log.Level = .info, _ body: (inout Logger, LogOutput) -> Void
    ) throws -> String {
        let folder = try ScratchFolder()
        let descriptor = open(folder.file("log"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        var policy = GatewayPolicy.Log()
        policy.format = format
        policy.level = level
        let output = LogOutput(policy, descriptor: descriptor)
        var logger = Logger(label: "test") { _ in LineLogHandler(output: output, clock: StoppedClock()) }
        body(&logger, output)
        return folder.read("log") ?? ""
    }

    @Test("a line of text has time, level, message, metadata in order, and the reference last")
    func text() throws {
        let written = try lines { logger, _ in
            logger[metadataKey: "reference"] = "01JDEXAMPLE"
            logger.warning("no answer", metadata: ["zone": "a b", "endpoint": "acme", "empty": "", "error": "x=\"1\""])
        }
        #expect(
            written
                == "2026-11-24T02:01:02.123456Z warning no answer empty=\"\" endpoint=acme error=\"x=\\\"1\\\"\" zone=\"a b\" reference=01JDEXAMPLE\n"
        )
    }

    @Test("a line of JSON is one object with the same members")
    func json() throws {
        let written = try lines(.json) { logger, _ in
            logger.error("a \"b\"", metadata: ["reference": "01JDEXAMPLE", "count": "3", "time": "forged"])
        }
        #expect(
            written
                == #"{"time":"2026-11-24T02:01:02.123456Z","level":"error","message":"a \"b\"","reference":"01JDEXAMPLE","count":"3"}"#
                + "\n")
    }

    @Test(
        "SEC-80: what could forge a line or move a cursor is escaped",
        arguments: [
            "\n": "\\n", "\r": "\\r", "\u{1b}[2J": "\\u001b[2J", "\u{0}": "\\u0000", "\u{7f}": "\\u007f", "\u{9b}": "\\u009b",
            "\u{202e}": "\\u202e", "\u{2028}": "\\u2028", "\\": "\\\\", "é": "é",
        ],
        [GatewayPolicy.Log.Format.text, .json])
    func escapes(character: (key: String, value: String), format: GatewayPolicy.Log.Format) throws {
        let written = try lines(format) { logger, _ in
            logger.info("m\(character.key)m", metadata: ["k\(character.key)": "v\(character.key)v"])
        }
        #expect(written.hasSuffix("\n"))
        #expect(written.unicodeScalars.filter { $0.properties.generalCategory == .control }.count == 1)
        for part in ["m\(character.value)m", "k\(character.value)", "v\(character.value)v"] { #expect(written.contains(part)) }
    }

    @Test("SEC-80: a line is bounded, and keeps its reference", arguments: [GatewayPolicy.Log.Format.text, .json], ["x", "\u{1}", "é"])
    func bounds(format: GatewayPolicy.Log.Format, filler: String) throws {
        let long = String(repeating: filler, count: 100_000)
        let written = try lines(format) { logger, _ in
            logger.info("\(long)", metadata: ["a": "\(long)", "b": "\(long)", "\(long)": "\(long)", "reference": "01JDEXAMPLE"])
        }
        #expect(written.utf8.count <= LogOutput.longestLine)
        #expect(written.contains("01JDEXAMPLE"))
        #expect(written.hasSuffix("\n"))
    }

    @Test("level and format can change while loggers are in use")
    func reload() throws {
        let written = try lines(.text, .warning) { logger, output in
            logger.info("unseen")
            var policy = GatewayPolicy.Log()
            policy.level = .debug
            policy.format = .json
            output.apply(policy)
            logger.debug("seen")
            logger.logLevel = .error
            logger.warning("unseen")
        }
        #expect(written == #"{"time":"2026-11-24T02:01:02.123456Z","level":"debug","message":"seen"}"# + "\n")
    }
}
