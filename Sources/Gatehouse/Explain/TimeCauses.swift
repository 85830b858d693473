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
                        cause: "timestamp-unit", certainty: .proved, summary: "The timestamp is in \(Self.words(unit)); scheme \(scheme.name) reads \(Self.words(timestamp.unit)).",
                        evidence: "Read so, it is within the window.", fix: "Let the sender send \(Self.words(timestamp.unit)), or set `unit` in the scheme.")
                ]
            }
        }
        let text = timestamp.source.flatMap { source in if case .header(let name) = source { bench.request.value(name) } else { nil } }
        if let cause = Self.otherUnit(text.flatMap { Int64($0) }, signedAt, arrival: bench.at, scheme) { return [cause] }
        guard let signedAt else { return [] }
        return [Self.outside(signedAt: signedAt, arrival: bench.at, bench.endpoint, scheme, usual: sender.flatMap(bench.usualSkew))]
    }

    /// The signature does not hold, and would for the timestamp in another form.
    func textCauses() -> [Explanation.Cause] {
        guard case .header(let name)? = scheme.timestamp?.source, let text = bench.request.value(name), let number = Int64(text) else { return [] }
        for (variant, theirs, ours) in [(String(number / 1_000), "seconds", "milliseconds"), (text + "000", "milliseconds", "seconds")] {
            var trial = bench
            trial.request.replace(name, with: variant)
            guard trial.signatureHolds else { continue }
            return [
                Explanation.Cause(
                    cause: "timestamp-text", certainty: .proved, summary: "The sender signed the timestamp in \(theirs) and sent it in \(ours).",
                    evidence: "With \(theirs) in \(name) the signature holds.", fix: "The text that is sent must be the text that is signed.")
            ]
        }
        return []
    }

    /// The number is a time near the arrival in the unit that the scheme does not read it in.
    ///
    /// - Parameters:
    ///   - number: as it was received; nil where only what it was read as is known.
    ///   - signedAt: what it was read as.
    static func otherUnit(_ number: Int64?, _ signedAt: WallTime?, arrival: WallTime, _ scheme: Scheme) -> Explanation.Cause? {
        let read = signedAt.map { scheme.timestamp?.unit == .ms ? $0.microseconds / 1_000 : $0.seconds }
        guard let number = number ?? read, let unit = scheme.timestamp?.unit else { return nil }
        let other: (unit: TimestampSource.Unit, time: WallTime, factor: String)
        switch unit {
        case .s:
            other = (.ms, WallTime(microseconds: number.multipliedReportingOverflow(by: 1_000).partialValue), "Divide by 1000 at the sender")
        case .ms: other = (.s, WallTime(seconds: number), "Multiply by 1000 at the sender")
        case .rfc3339, .httpDate, .auto: return nil
        }
        guard number > 0, number < 1_000_000_000_000_000, (arrival - other.time).microseconds.magnitude < 86_400_000_000 else { return nil }
        return Explanation.Cause(
            cause: "timestamp-unit", certainty: .evident,
            summary: "The timestamp is in \(words(other.unit)); scheme \(scheme.name) reads \(words(unit)).",
            evidence: "\(number) came, of \(String(number).count) digits. In \(words(other.unit)) it is \(other.time); the request arrived at "
                + "\(arrival).",
            fix: "\(other.factor), so that it sends and signs \(words(unit)), or set `unit: \(other.unit.rawValue)` in the scheme.")
    }

    /// - Parameter usual: the median of arrival after signed time of the sender's accepted events, in milliseconds.
    static func outside(signedAt: WallTime, arrival: WallTime, _ endpoint: EndpointPolicy, _ scheme: Scheme?, usual: Int64?) -> Explanation.Cause {
        let late = endpoint.replay.tolerance ?? scheme?.timestamp?.tolerance ?? .seconds(300)
        let early = endpoint.replay.future ?? scheme?.timestamp?.future ?? .seconds(60)
        let skew = (arrival - signedAt).microseconds / 1_000
        let isLate = skew > 0
        var evidence = "It was signed at \(signedAt) and arrived at \(arrival): \(abs(skew) / 1_000) s \(isLate ? "later" : "earlier"); "
            + "\((isLate ? late : early).components.seconds) s are allowed."
        if let usual {
            evidence += " This sender's accepted events arrive \(abs(usual)) ms \(usual < 0 ? "before" : "after") the time they are signed at, in the median."
        }
        // Its clock is off in the same direction also when its events get in.
        let drifts = usual.map { isLate ? $0 > 20_000 : $0 < -5_000 } ?? false
        return Explanation.Cause(
            cause: isLate ? (drifts ? "clock-slow" : "too-late") : "clock-fast", certainty: .evident,
            summary: (isLate ? "The request arrived \(skew / 1_000) s after it was signed" : "The request is signed \(-skew / 1_000) s in the future")
                + (drifts ? ": this sender's clock is \(isLate ? "slow" : "fast")." : "."),
            evidence: evidence,
            fix: isLate
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
