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
