/// Why a request was decided as it was, for the operator alone. Holds no secret and no expected signature.
public struct Explanation: Sendable, Codable {
    /// One thing that fits what is known.
    public struct Cause: Sendable, Codable {
        public enum Certainty: String, Sendable, Codable {
            /// With this changed, or with all that are proved together, the signature holds.
            case proved
            /// The record or the request says so.
            case evident
            /// Fits, and cannot be tested with what there is.
            case possible
        }

        /// A stable name: `secret-trailing-newline`, `body-reformatted` …
        public var cause: String
        public var certainty: Certainty
        public var summary: String
        public var evidence: String
        public var fix: String
    }

    public var reference: String?
    public var endpoint: String?
    public var sender: String?
    public var decision: String
    public var reason: String
    /// The most likely first.
    public var causes: [Cause]
    /// What could not be looked at, and how it could be.
    public var notes: [String]

    /// Something is proved or evident.
    public var isExplained: Bool { causes.contains { $0.certainty != .possible } }
}
