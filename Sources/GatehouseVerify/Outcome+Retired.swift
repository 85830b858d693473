extension Verification.Outcome {
    /// Whether a look at retired versions could tell more than this (``Arrival/diagnoseRetired``): a value was judged and is none of those
    /// that are accepted, or a password is about to be stretched.
    public var mayBeOfRetired: Bool {
        switch self {
        case .refused(let reason):
            switch reason {
            case .signatureMismatch, .credentialMismatch, .certificateMismatch, .credentialUnknown: true
            default: false
            }
        case .passwordNeeded: true
        case .authenticated, .handshake: false
        }
    }
}
