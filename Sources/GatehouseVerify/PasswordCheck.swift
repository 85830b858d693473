public import GatehouseCrypto

/// One password to be checked against one scrypt verifier: about 50 ms of one core, so never on an event loop.
public struct PasswordCheck: Sendable {
    let password: Secret
    let verifier: BasicVerifier.Stretched
    /// What the cache remembers when the password is right; nil for a check that only takes its time, because the user is unknown.
    package let entry: PasswordCache.Entry?

    package init(password: Secret, verifier: BasicVerifier.Stretched, entry: PasswordCache.Entry?) {
        self.password = password
        self.verifier = verifier
        self.entry = entry
    }

    /// Whether the password is the right one. Throws where scrypt could not run, which is no verdict.
    public func run() throws(CryptoError) -> Bool {
        let matches = try password.withBytes { (bytes) -> Result<Bool, CryptoError> in
            Result { () throws(CryptoError) in try verifier.matches(bytes) }
        }.get()
        return matches && entry != nil
    }
}

/// What waits for passwords: for each sender that every cheaper item held for, the verdict if its password is right.
final class PendingPasswords: Sendable {
    struct Candidate: Sendable {
        /// Positions among the checks, with the version each stands for.
        let checks: [(check: Int, version: Int)]
        let success: Verification
    }

    let candidates: [Candidate]
    let checks: [PasswordCheck]
    let refusal: Verification
    let cache: PasswordCache

    init(candidates: [Candidate], checks: [PasswordCheck], refusal: Verification, cache: PasswordCache) {
        self.candidates = candidates
        self.checks = checks
        self.refusal = refusal
        self.cache = cache
    }

    func resume(_ results: [Bool]) -> Verification {
        for candidate in candidates {
            guard let match = candidate.checks.first(where: { $0.check < results.count && results[$0.check] }) else { continue }
            if let entry = checks[match.check].entry { cache.remember(entry) }
            var verification = candidate.success
            for index in verification.checks.indices where verification.checks[index].result == .pending {
                verification.checks[index].version = match.version
                verification.checks[index].result = .ok
            }
            return verification
        }
        return refusal
    }
}
