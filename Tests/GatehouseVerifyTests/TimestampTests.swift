import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Timestamps and the replay window")
struct TimestampTests {
    static func parse(_ text: String, _ unit: TimestampSource.Unit) -> Int64? {
        Array(text.utf8).withUnsafeBytes { Timestamp.parse($0, unit: unit)?.microseconds }
    }

    @Test(
        "each unit reads its own form",
        arguments: [
            ("1700000000", TimestampSource.Unit.s), ("1700000000000", .ms), ("2023-11-14T22:13:20Z", .rfc3339),
            ("2023-11-15T00:13:20.000+02:00", .rfc3339),
            ("Tue, 14 Nov 2023 22:13:20 GMT", .httpDate), ("1700000000", .auto), ("1700000000000", .auto),
            ("2023-11-14T22:13:20.0000001Z", .auto),
            ("Tue, 14 Nov 2023 22:13:20 GMT", .auto),
        ])
    func units(_ text: String, _ unit: TimestampSource.Unit) {
        #expect(Self.parse(text, unit) == 1_700_000_000_000_000)
    }

    @Test(
        "SEC-59 signs, blanks, fractions and foreign forms are not times",
        arguments: [
            "", "+1700000000", "-1700000000", " 1700000000", "1700000000 ", "1700000000.0", "1.7e9", "0x6553f100", "17000000000000000000",
            "2023-11-14T22:13:20",
            "２０２３", "1700000000\u{0}", String(repeating: "9", count: 400),
        ])
    func malformed(_ text: String) {
        for unit in TimestampSource.Unit.allCases { #expect(Self.parse(text, unit) == nil) }
    }

    @Test("auto turns to milliseconds at ten to the eleventh")
    func boundary() {
        #expect(Self.parse("99999999999", .auto) == 99_999_999_999_000_000)
        #expect(Self.parse("100000000000", .auto) == 100_000_000_000_000)
    }

    @Test("huge numbers are far in the future and do not overflow", arguments: [TimestampSource.Unit.s, .ms, .auto])
    func huge(_ unit: TimestampSource.Unit) throws {
        var scheme = Scheme.listed
        scheme.timestamp = TimestampSource(unit: unit)
        let gate = try Gate.signed(scheme)
        let text = String(repeating: "9", count: 18)
        scheme.timestamp = TimestampSource(source: .header("x-time"), unit: unit)
        let other = try Gate.signed(scheme)
        let signer = try Signer(scheme: scheme, secret: .init(utf8: Gate.secret))
        let signed = try signer.sign(SignedRequest(url: Gate.url, fields: [(name: "X-Time", value: text)], body: []), at: Gate.now)
        #expect(try other.verify(Request(signed)).summary == "timestamp-future")
        #expect(
            try gate.verify(Request(fields: [("x-sig", "t=\(text),v1=" + String(repeating: "0", count: 64))])).summary
                == "signature-mismatch")
    }

    @Test("SEC-62 both edges of the window are inside, a microsecond beyond is not")
    func edges() throws {
        let gate = try Gate.signed(.listed)
        let request = try gate.sign("x", at: Gate.now)
        #expect(try gate.verify(request, at: Gate.now + .seconds(300)).summary == "ok")
        #expect(try gate.verify(request, at: Gate.now + .seconds(300) + .microseconds(1)).summary == "timestamp-stale")
        #expect(try gate.verify(request, at: Gate.now - .seconds(60)).summary == "ok")
        #expect(try gate.verify(request, at: Gate.now - .seconds(60) - .microseconds(1)).summary == "timestamp-future")
    }

    @Test("the endpoint's window counts before the scheme's, the scheme's before the default")
    func precedence() throws {
        var scheme = Scheme.listed
        scheme.timestamp = TimestampSource(unit: .s, tolerance: .seconds(10), future: .seconds(5))
        var gate = try Gate.signed(scheme)
        let request = try gate.sign("x")
        #expect(try gate.verify(request, at: Gate.now + .seconds(10)).summary == "ok")
        #expect(try gate.verify(request, at: Gate.now + .seconds(11)).summary == "timestamp-stale")
        #expect(try gate.verify(request, at: Gate.now - .seconds(6)).summary == "timestamp-future")
        gate.change = { $0.replay.tolerance = .seconds(20) }
        #expect(try gate.verify(request, at: Gate.now + .seconds(20)).summary == "ok")
        #expect(try gate.verify(request, at: Gate.now - .seconds(6)).summary == "timestamp-future")
    }

    @Test("a stale time under a wrong signature is a mismatch: stale means genuine")
    func staleAndForged() throws {
        let gate = try Gate.signed(.listed)
        let request = try gate.sign("x", secret: "another secret altogether")
        #expect(try gate.verify(request, at: Gate.now + .seconds(1_000)).summary == "signature-mismatch")
        let genuine = try gate.verify(try gate.sign("x"), at: Gate.now + .seconds(1_000))
        #expect(
            genuine.checks == [
                CheckResult(.signature, scheme: "listed", version: 1, .ok), CheckResult(.timestamp, scheme: "listed", .stale),
            ])
    }

    @Test("a missing time is timestamp-missing, an unreadable one signature-malformed")
    func absent() throws {
        let gate = try Gate.signed(.listed)
        let code = String(repeating: "0", count: 64)
        #expect(try gate.verify(Request(fields: [("x-sig", "v1=\(code)")])).summary == "timestamp-missing")
        #expect(try gate.verify(Request(fields: [("x-sig", "t=,v1=\(code)")])).summary == "signature-malformed")
        #expect(try gate.verify(Request(fields: [("x-sig", "t=soon,v1=\(code)")])).summary == "signature-malformed")
    }

    @Test("the signed time is reported")
    func reported() throws {
        let gate = try Gate.signed(.listed)
        #expect(try gate.verify(try gate.sign("x"), at: Gate.now + .seconds(7)).signedAt == Gate.now)
    }
}
