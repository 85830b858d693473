import GatehousePolicy
import GatehouseVerify

/// What a scheme's signature covers and is made with, in words: what can be wrong where it does not hold.
struct SignedWords {
    let scheme: Scheme

    var kind: CredentialKind { scheme.algorithm.takesPublicKey ? .key : .signing }
    var credential: String { kind == .key ? "key" : "secret" }
    /// Nothing of the request is signed: a value is compared.
    var isEquality: Bool { scheme.algorithm == .equality }

    /// The parts that the sender, or the way, may have otherwise: `the URL`, `the header webhook-id`, `the body`.
    var parts: [String] {
        scheme.signed.compactMap { part in
            switch part {
            case .body: "the body"
            case .url: "the URL"
            case .path: "the path"
            case .method: "the method"
            case .timestamp: "the time"
            case .header(let name): "the header \(name)"
            case .json(let path): "\(path.joined(separator: ".")) in the body"
            case .literal, .secret: nil
            }
        }
    }

    /// `the method, the URL or the body`.
    var anyPart: String {
        let parts = parts
        return parts.count < 2 ? parts.joined() : parts.dropLast().joined(separator: ", ") + " or " + (parts.last ?? "")
    }

    /// How to enter the sender's credential anew.
    func renewal(_ sender: String?) -> String {
        let name = sender ?? "SENDER"
        return kind == .key
            ? "gatehouse secret rotate \(name)/key --value-file FILE, with the public key that the sender signs with now"
            : "gatehouse secret rotate \(name)/signing --value-file FILE, with the value as the sender has it"
    }

    /// Where a value is compared, nothing but that value can be wrong.
    func unequal(_ sender: String?, evidence: String) -> Explanation.Cause {
        let place =
            switch scheme.signature.sources.first {
            case .header(let name)?: "the header \(name)"
            case .query(let name)?: "the query's \(name)"
            case .json(let path)?: "\(path.joined(separator: ".")) in the body"
            case nil: "the request"
            }
        return Explanation.Cause(
            cause: "value-differs", certainty: .evident,
            summary: "The value in \(place) is not the secret\(sender.map { " of \($0)" } ?? "").",
            evidence: evidence + "Scheme \(scheme.name) compares it byte for byte, and looks at nothing else of the request.",
            fix:
                "Enter the same value on both sides, without quotes, blanks or a newline: \(renewal(sender)). Or the request is not from the "
                + "sender: anybody can call the URL.")
    }
}
