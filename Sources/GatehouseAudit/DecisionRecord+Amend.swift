extension DecisionRecord {
    /// The members of a decision, or of what was done about a token, whose record could not be made durable, as they are recorded once the
    /// journal works again: with the answer that was really sent, and what it replaces as `instead_of`. An accepted event becomes
    /// `failed`, `unavailable`, and a token that was issued, introspected or revoked `refused`, `unavailable`; a refusal stays one. Members
    /// of another kind, and what was `unavailable` already, come back unchanged.
    ///
    /// Works on the encoded bytes, so that nobody keeps a record until its bytes are durable. The names looked for stand once in a
    /// record: within a text every quote is escaped.
    public static func amended(_ members: [UInt8], answer: Int) -> [UInt8] {
        members.withUnsafeBytes { bytes in
            if bytes.starts(with: Array("\"kind\":\"decision\"".utf8)) {
                amended(bytes, ",\"decision\":\"", refusal: "rejected", failure: "failed", answer: answer)
            } else if bytes.starts(with: Array("\"kind\":\"token\"".utf8)) {
                amended(bytes, ",\"action\":\"", refusal: "refused", failure: "refused", answer: answer)
            } else {
                members
            }
        }
    }

    /// - Parameters:
    ///   - name: before the word that says what was decided.
    ///   - refusal: the word that stays as it is.
    ///   - failure: what every other word becomes.
    private static func amended(
        _ bytes: UnsafeRawBufferPointer, _ name: StaticString, refusal: String, failure: String, answer: Int
    ) -> [UInt8] {
        guard let decision = bytes.range(between: name, and: "\""),
            let reason = bytes.range(between: ",\"reason\":\"", and: "\""),
            let status = bytes.range(between: ",\"answer\":", and: ","),
            decision.upperBound <= reason.lowerBound, reason.upperBound <= status.lowerBound
        else { return Array(bytes) }
        // Decided while the journal failed already: the record says what was sent.
        if bytes[reason].elementsEqual("unavailable".utf8) { return Array(bytes) }
        let before = bytes[decision]
        let refused = before.elementsEqual(refusal.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 64)
        output.append(contentsOf: bytes[..<decision.lowerBound])
        output.append(contentsOf: refused ? Array(before) : Array(failure.utf8))
        output.append(contentsOf: bytes[decision.upperBound..<reason.lowerBound])
        output.append(contentsOf: refused ? Array(bytes[reason]) : Array("unavailable".utf8))
        output.append(contentsOf: bytes[reason.upperBound..<status.lowerBound])
        output.write { $0.append(decimal: Int64(answer)) }
        output.append(contentsOf: bytes[status.upperBound...])
        output.append(contentsOf: Array(",\"instead_of\":\"".utf8))
        output.append(contentsOf: before)
        output.append(0x22)
        return output
    }
}
