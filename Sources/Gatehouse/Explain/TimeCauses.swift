import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// What a timestamp's unit, text or clock did.
struct TimeCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// The signature holds and the time is outside the window.
    func causes(_ signedAt: WallTime?, of sender: String?) -> [Explanation.Cause] {
        guard let timestamp = scheme.timestamp else { return [] }
        for unit in [TimestampSource.Unit.s, .ms] where unit != timestamp.unit {
            var other = scheme
            other.timestamp?.unit = unit
            let trial = bench.only(other)
            if case .authenticated? = trial.verification()?.outcome {
                return [
                    Explanation.Cause(
                        cause: "timestamp-unit", certainty: .proved,
                        summary: "The timestamp is in \(Self.words(unit)); scheme \(scheme.name) reads \(Self.words(timestamp.unit)).",
                        evidence: "Read so, it is within the window.",
                        fix: "Let the sender send \(Self.words(timestamp.unit)), or set `unit` in the scheme.")
                ]
            }
        }
        let text = timestamp.source.flatMap { source in if case .header(let name) = source { bench.request.value(name) } else { nil } }
        return Self.causes(
            text.flatMap { Int64($0) }, signedAt, arrival: bench.at, bench.endpoint, [scheme], usual: sender.flatMap(bench.usualSkew))
    }

    /// What stands in the time's header is no time as the scheme reads it, so nothing else is looked at; nil where it is one.
    func form() -> Explanation.Cause? {
        guard case .header(let name)? = scheme.timestamp?.source, let text = bench.request.value(name),
            var cause = Self.form(text, scheme)
        else { return nil }
        var other = scheme
        other.timestamp = nil
        other.signed = scheme.signed.map { $0 == .timestamp ? .literal(text) : $0 }
        if bench.only(other).signatureHolds {
            cause.certainty = .proved
            cause.evidence += " Over that text the signature holds."
        }
        return cause
    }

    static func form(_ text: String, _ scheme: Scheme) -> Explanation.Cause? {
        guard case .header(let name)? = scheme.timestamp?.source, let unit = scheme.timestamp?.unit else { return nil }
        func isNumber(_ text: some StringProtocol) -> Bool { !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
        let isRFC3339 = WallTime(rfc3339: Array(text.utf8)) != nil
        let isRight =
            switch unit {
            case .s, .ms: isNumber(text) && text.utf8.count <= 18
            case .rfc3339: isRFC3339
            case .httpDate, .auto: true
            }
        guard !isRight, !text.isEmpty else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let (what, fix) =
            if isRFC3339 {
                ("RFC 3339", ", or set `timestamp: { header: \(name), unit: rfc3339 }` in the scheme")
            } else if isNumber(text), unit == .rfc3339 {
                ("a number", ", or set `unit: \(text.utf8.count > 11 ? "ms" : "s")` in the scheme")
            } else if parts.count == 2, parts.allSatisfy({ isNumber($0) }) {
                ("a number with a fraction", "; no unit takes a fraction")
            } else {
                ("\(text.utf8.count) characters that are no time", "")
            }
        let own = unit == .rfc3339 ? words(unit) : "whole " + words(unit) + " since 1970, digits alone"
        return Explanation.Cause(
            cause: "timestamp-form", certainty: .evident,
            summary: "The timestamp in \(name) is \(what); scheme \(scheme.name) reads \(own).",
            evidence: "A time in another form is not taken, and nothing of the signature was looked at.",
            fix: "Let the sender send and sign \(own)\(fix).")
    }

    /// The signature does not hold, and would for the timestamp in another form.
    func texts(_ visit: Supposition.Visit) -> Bool {
        guard let (name, value, text) = timeText, let number = Int64(text) else { return false }
        for (variant, theirs, ours) in [(String(number / 1_000), "seconds", "milliseconds"), (text + "000", "milliseconds", "seconds")] {
            var trial = bench
            trial.request.replace(name, with: value.replacing(text, with: variant, maxReplacements: 1))
            let cause = Supposition.proved(
                "timestamp-text", "The sender signed the timestamp in \(theirs) and sent it in \(ours).",
                "With \(theirs) in \(name) the signature holds.", "The text that is sent must be the text that is signed.")
            if visit(Supposition(bench: trial, cause: cause)) { return true }
        }
        return false
    }

    /// The header that holds the time, what it holds, and the time in it.
    private var timeText: (name: String, value: String, text: String)? {
        guard let timestamp = scheme.timestamp else { return nil }
        switch timestamp.source {
        case .header(let name): return bench.request.value(name).map { (name, $0, $0) }
        case nil:
            guard case .header(let name)? = scheme.signature.sources.first, let value = bench.request.value(name) else { return nil }
            let numbers = value.split { !(0x30...0x39 ~= $0.asciiValue ?? 0) }.filter { $0.count == 10 || $0.count == 13 }
            return numbers.first.map { (name, value, String($0)) }
        case .query, .json: return nil
        }
    }

    /// Why a time that was signed is outside the window: its unit, and what its clock or the way did, where it is outside in the right
    /// unit as well.
    ///
    /// - Parameters:
    ///   - number: the time as it was received; nil where only what it was read as is known.
    ///   - signedAt: what it was read as.
    ///   - usual: the median of arrival after signed time of the sender's accepted events, in milliseconds.
    static func causes(
        _ number: Int64?, _ signedAt: WallTime?, arrival: WallTime, _ endpoint: EndpointPolicy, _ schemes: [Scheme], usual: Int64?
    ) -> [Explanation.Cause] {
        for scheme in schemes {
            guard let (cause, time) = otherUnit(number, signedAt, arrival: arrival, scheme) else { continue }
            return [cause]
                + (isInside(time, arrival, endpoint, scheme)
                    ? [] : [outside(signedAt: time, arrival: arrival, endpoint, scheme, usual: usual)])
        }
        return signedAt.map { [outside(signedAt: $0, arrival: arrival, endpoint, schemes.first, usual: usual)] } ?? []
    }

    /// The number is a time only in the unit that the scheme does not read it in.
    private static func otherUnit(
        _ number: Int64?, _ signedAt: WallTime?, arrival: WallTime, _ scheme: Scheme
    ) -> (cause: Explanation.Cause, time: WallTime)? {
        let read = signedAt.map { scheme.timestamp?.unit == .ms ? $0.microseconds / 1_000 : $0.seconds }
        guard let number = number ?? read, let unit = scheme.timestamp?.unit, number > 0, number < 1_000_000_000_000_000 else { return nil }
        let asMilliseconds = WallTime(microseconds: number * 1_000)
        let asSeconds = WallTime(seconds: number)
        let (own, other, otherUnit, factor): (WallTime, WallTime, TimestampSource.Unit, String)
        switch unit {
        case .s: (own, other, otherUnit, factor) = (asSeconds, asMilliseconds, .ms, "Divide by 1000 at the sender")
        case .ms: (own, other, otherUnit, factor) = (asMilliseconds, asSeconds, .s, "Multiply by 1000 at the sender")
        case .rfc3339, .httpDate, .auto: return nil
        }
        guard isOfOurDays(other, arrival), !isOfOurDays(own, arrival) else { return nil }
        let cause = Explanation.Cause(
            cause: "timestamp-unit", certainty: .evident,
            summary: "The timestamp is in \(words(otherUnit)); scheme \(scheme.name) reads \(words(unit)).",
            evidence: "\(number) came, of \(String(number).count) digits. In \(words(otherUnit)) it is \(other); the request arrived at "
                + "\(arrival).",
            fix: "\(factor), so that it sends and signs \(words(unit)), or set `unit: \(otherUnit.rawValue)` in the scheme.")
        return (cause, other)
    }

    /// Within ten years before the arrival and a day after it: what a clock or a kept message may say. A time in the wrong unit is a
    /// thousand times as far from 1970.
    private static func isOfOurDays(_ time: WallTime, _ arrival: WallTime) -> Bool {
        let (distance, overflows) = arrival.microseconds.subtractingReportingOverflow(time.microseconds)
        return !overflows && distance > -86_400_000_000 && distance < 315_576_000_000_000
    }

    private static func isInside(_ time: WallTime, _ arrival: WallTime, _ endpoint: EndpointPolicy, _ scheme: Scheme) -> Bool {
        let window = endpoint.tolerance(of: scheme.timestamp)
        return arrival - time <= window.late && time - arrival <= window.early
    }

    /// - Parameter usual: the median of arrival after signed time of the sender's accepted events, in milliseconds.
    private static func outside(
        signedAt: WallTime, arrival: WallTime, _ endpoint: EndpointPolicy, _ scheme: Scheme?, usual: Int64?
    ) -> Explanation.Cause {
        let window = endpoint.tolerance(of: scheme?.timestamp)
        let skew = (arrival - signedAt).microseconds / 1_000
        let isLate = skew > 0
        var evidence =
            "It was signed at \(signedAt) and arrived at \(arrival): \(abs(skew) / 1_000) s \(isLate ? "later" : "earlier"); "
            + "\((isLate ? window.late : window.early).components.seconds) s are allowed."
        if let usual {
            evidence +=
                " This sender's accepted events arrive \(abs(usual)) ms \(usual < 0 ? "before" : "after") the time they are signed at, in the median."
        }
        let hours = (abs(skew) + 30_000) / 3_600_000
        let isWholeHours = (1...14).contains(hours) && abs(abs(skew) - hours * 3_600_000) <= 30_000
        if isWholeHours {
            evidence += " That is \(hours) whole hour\(hours == 1 ? "" : "s"): a local time that was taken for UTC makes as much."
        }
        // Its clock is off in the same direction also when its events get in.
        let drifts = usual.map { isLate ? $0 > 20_000 : $0 < -5_000 } ?? false
        return Explanation.Cause(
            cause: isLate ? (drifts ? "clock-slow" : "too-late") : "clock-fast", certainty: .evident,
            summary: (isLate
                ? "The request arrived \(skew / 1_000) s after it was signed" : "The request is signed \(-skew / 1_000) s in the future")
                + (drifts ? ": this sender's clock is \(isLate ? "slow" : "fast")." : "."),
            evidence: evidence,
            fix: isWholeHours
                ? "Let the sender take its time as UTC (Unix seconds count from 1970-01-01T00:00:00Z), not in its own time zone; NTP does not mend "
                    + "that." + (isLate ? " If it was a retry, it must be signed anew." : "")
                : isLate
                    ? "A retry must be signed anew; a queue before the gateway must be faster; else set the sender's clock (NTP). `replay.tolerance` widens the window."
                    : "Set the sender's clock (NTP), or this machine's. `replay.future` widens the window.")
    }

    private static func words(_ unit: TimestampSource.Unit) -> String {
        switch unit {
        case .s: "seconds"
        case .ms: "milliseconds"
        case .rfc3339: "RFC 3339"
        case .httpDate: "an HTTP date"
        case .auto: "any unit"
        }
    }
}
