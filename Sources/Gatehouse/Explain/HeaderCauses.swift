import GatehousePolicy
import GatehouseVerify

/// A header that the scheme needs is missing, renamed or there twice.
struct HeaderCauses {
    let bench: ExplainBench
    let scheme: Scheme
    let schemes: SchemeShelf

    /// What the names alone tell, and then whether more can be proved: with the names as the scheme has them, or by what is there.
    func causes() -> (causes: [Explanation.Cause], notes: [String]) {
        guard let finding = HeaderFinding(scheme, among: bench.request.headers.map(\.name)) else { return ([], []) }
        var cause = Self.cause(finding, bench.request, schemes, provedBy: [])
        switch finding {
        case .renamed(let renamings):
            var trial = bench
            for renaming in renamings {
                for index in trial.request.headers.indices where trial.request.headers[index].isNamed(renaming.came) {
                    trial.request.headers[index].name = renaming.wanted
                }
            }
            let search = SignatureSearch(bench: trial, scheme: scheme, schemes: schemes)
            guard trial.signatureHolds else {
                let more = search.proved()
                return ([cause] + more.causes, more.notes)
            }
            cause = Self.cause(finding, bench.request, schemes, provedBy: [scheme])
            return ([cause], search.lateness(trial))
        case .otherVersion(let renaming):
            let holding = schemes.reading([renaming.came]).filter { bench.only($0).signatureHolds }
            return ([Self.cause(finding, bench.request, schemes, provedBy: holding)], [])
        case .missing:
            // Another scheme, or other parts that are signed, need no such header.
            let more = SignatureSearch(bench: bench, scheme: scheme, schemes: schemes).proved()
            return (more.causes + [cause], more.notes)
        case .repeated: return ([cause], [])
        }
    }

    /// - Parameters:
    ///   - headers: name and length of those that came, which a record has as well.
    ///   - holding: schemes by which the signature holds, with the right names.
    static func cause(
        _ finding: HeaderFinding, _ headers: some ReceivedHeaders, _ schemes: SchemeShelf, provedBy holding: [Scheme]
    ) -> Explanation.Cause {
        switch finding {
        case .repeated(let name, let count):
            Explanation.Cause(
                cause: "header-repeated", certainty: .evident, summary: "The header \(name) was sent \(count) times.",
                evidence: "Which of them counts is not defined, so the gateway takes none.",
                fix: "Send it once; look for a proxy that adds it again.")
        case .renamed(let renamings): renamed(renamings, schemes, isProved: !holding.isEmpty)
        case .otherVersion(let renaming): otherVersion(renaming, headers.length(of: renaming.came), schemes, holding)
        case .missing(let name):
            Explanation.Cause(
                cause: "header-missing", certainty: .evident, summary: "The request has no header \(name).",
                evidence: headers.names.isEmpty
                    ? "It has no headers." : "Its headers are \(headers.names.prefix(24).joined(separator: ", ")).",
                fix: "Let the sender send it; a proxy before the gateway that passes on only headers it knows must pass on this one.")
        }
    }

    private static func renamed(_ renamings: [HeaderFinding.Renaming], _ schemes: SchemeShelf, isProved: Bool) -> Explanation.Cause {
        let (wanted, came) = (list(renamings.map(\.wanted)), list(renamings.map(\.came)))
        let isOne = renamings.count == 1
        let fitting = schemes.reading(renamings.map(\.came)).map(\.name)
        return Explanation.Cause(
            cause: "header-renamed", certainty: isProved ? .proved : .evident,
            summary: isOne ? "The header \(wanted) came as \(came)." : "The headers \(wanted) came as \(came).",
            evidence: isProved
                ? "Under \(isOne ? "its own name" : "their own names") the signature holds."
                : "There is no \(wanted), and \(came) \(isOne ? "is" : "are") there.",
            fix: "Let the sender, or the proxy before the gateway, use the name\(isOne ? "" : "s") \(wanted)."
                + (fitting.isEmpty
                    ? " Some servers drop or rewrite names with `_`." : " Scheme \(fitting.joined(separator: " or ")) reads \(came)."))
    }

    private static func otherVersion(
        _ renaming: HeaderFinding.Renaming, _ length: Int?, _ schemes: SchemeShelf, _ holding: [Scheme]
    ) -> Explanation.Cause {
        let isProved = !holding.isEmpty
        let fitting = (isProved ? holding : schemes.reading([renaming.came])).map(\.name)
        let size = length.map { length in
            " It has \(length) bytes" + (digests[length].map { ", as \($0) has." } ?? ".")
        }
        return Explanation.Cause(
            cause: "scheme-version", certainty: isProved ? .proved : .evident,
            summary: "The request has \(renaming.came), which is another version of \(renaming.wanted).",
            evidence: "There is no \(renaming.wanted)." + (size ?? "")
                + (isProved ? " By scheme \(fitting.joined(separator: " or ")) the signature holds." : ""),
            fix:
                "Let the sender, or the proxy before the gateway, send \(renaming.wanted). The other version is not taken in its place, so that nobody "
                + "can fall back to a weaker one"
                + (fitting.isEmpty
                    ? "."
                    : "; scheme \(fitting.joined(separator: " or ")) is for senders that have no other"
                        + ((isProved ? holding : schemes.reading([renaming.came])).contains(where: \.isWeak)
                            ? ", and weaker: it is HMAC-SHA1." : "."))
        )
    }

    private static func list(_ names: [String]) -> String {
        names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }

    /// Hex digests, bare and after what usually stands before them.
    private static let digests = [
        40: "SHA-1 in hex", 45: "`sha1=` and SHA-1 in hex", 64: "SHA-256 in hex", 71: "`sha256=` and SHA-256 in hex", 128: "SHA-512 in hex",
    ]
}

/// Headers as a request and a record of one both know them.
protocol ReceivedHeaders {
    var names: [String] { get }
    /// Of the first of that name.
    func length(of name: String) -> Int?
}

extension ExplainedRequest: ReceivedHeaders {
    var names: [String] { headers.map(\.name) }

    func length(of name: String) -> Int? { value(name)?.utf8.count }
}
