/// One thing that may have been otherwise, and what follows if so.
struct Supposition {
    /// With that one thing changed.
    let bench: ExplainBench
    /// What it would show. Says nothing before ``ExplainBench/signatureHolds`` is asked.
    let cause: Explanation.Cause

    /// Gets one supposition after another, the likeliest first; true ends the search.
    typealias Visit = (Supposition) -> Bool
    typealias Walk = (Visit) -> Bool

    static func proved(_ name: String, _ summary: String, _ evidence: String, _ fix: String) -> Explanation.Cause {
        Explanation.Cause(cause: name, certainty: .proved, summary: summary, evidence: evidence, fix: fix)
    }
}
