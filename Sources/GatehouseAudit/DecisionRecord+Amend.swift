extension DecisionRecord {
    /// The members of a decision whose record could not be made durable, as they are recorded once the journal works again: with the
    /// answer that was really sent, and the decision that it replaces as `instead_of`. An accepted event becomes `failed`,
    /// `unavailable`; a refusal stays one. Members of another kind, and what was `unavailable` already, come back unchanged.
    ///
    /// Works on the encoded bytes, so that nobody keeps a record until its bytes are durable. The names looked for stand once in a
    /// record: within a text every quote is escaped.
    public static func amended(_ members: [UInt8], answer: Int) -> [UInt8] {
        members.withUnsafeBytes { bytes in
            guard bytes.starts(with: Array("\"kind\":\"decision\"".utf8)),
                let decision = bytes.range(between: ",\"decision\":\"", and: "\""),
                let reason = bytes.range(between: ",\"reason\":\"", and: "\""),
                let status = bytes.range(between: ",\"answer\":", and: ","),
                decision.upperBound <= reason.lowerBound, reason.upperBound <= status.lowerBound
            else { return members }
            // Decided while the journal failed already: the record says what was sent.
            if bytes[reason].elementsEqual("unavailable".utf8) { return members }
            let before = bytes[decision]
            let refused = before.elementsEqual("rejected".utf8)
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count + 64)
            output.append(contentsOf: bytes[..<decision.lowerBound])
            output.append(contentsOf: refused ? Array(before) : Array("failed".utf8))
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
}
