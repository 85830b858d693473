/// Why a request was decided as it was: the codes of audit records, logs and metrics.
public enum Reason: String, Sendable, Hashable, CaseIterable {
    case ok
    case duplicate
    case eventConflict = "event-conflict"
    case eventType = "event-type"
    case credentialMissing = "credential-missing"
    case credentialUnknown = "credential-unknown"
    case credentialMismatch = "credential-mismatch"
    case credentialRetired = "credential-retired"
    case signatureMissing = "signature-missing"
    case signatureMalformed = "signature-malformed"
    case signatureMismatch = "signature-mismatch"
    case signedWithRetired = "signed-with-retired"
    case timestampMissing = "timestamp-missing"
    case timestampStale = "timestamp-stale"
    case timestampFuture = "timestamp-future"
    case tokenMalformed = "token-malformed"
    case tokenSignature = "token-signature"
    case tokenExpired = "token-expired"
    case tokenNotYet = "token-not-yet"
    case tokenRevoked = "token-revoked"
    case tokenAudience = "token-audience"
    case tokenScope = "token-scope"
    case tokenBinding = "token-binding"
    case certificateMissing = "certificate-missing"
    case certificateMismatch = "certificate-mismatch"
    case network
    case rate
    case tooLarge = "too-large"
    case malformed
    case notFound = "not-found"
    case method
    case mediaType = "media-type"
    case timeout
    case expectation
    case host
    case handshake
    case handlerFailed = "handler-failed"
    case unavailable

    /// How much a failed check tells: of several failures the one with the highest rank is reported.
    ///
    /// A value that the gateway could not judge comes first, since the fault is its own. Then what only the key's holder can bring about:
    /// a genuine signature outside the window, a value that was good once, a genuine token that does not count here. Then a value that was
    /// judged and is wrong, an address outside the networks, a value that could not be read, an unknown user, and the absence of anything to
    /// judge. Last a token's missing scope: it is only ever said where nothing else is wrong.
    var rank: Int {
        switch self {
        case .unavailable: 9
        case .malformed: 8
        case .timestampStale, .timestampFuture: 7
        case .signedWithRetired, .credentialRetired, .tokenExpired, .tokenNotYet, .tokenRevoked, .tokenAudience, .tokenBinding: 6
        case .signatureMismatch, .credentialMismatch, .certificateMismatch, .tokenSignature: 5
        case .network: 4
        case .signatureMalformed, .timestampMissing, .tokenMalformed: 3
        case .credentialUnknown: 2
        case .signatureMissing, .credentialMissing, .certificateMissing: 1
        default: 0
        }
    }
}

/// What became of a request.
public enum DecisionKind: String, Sendable, Hashable, CaseIterable {
    case accepted
    /// Not let in.
    case rejected
    /// Let in, but the handler did not take it.
    case failed
    case duplicate
    /// An event type that is not wanted, or a handshake.
    case ignored
}
