internal import GatehouseCrypto
internal import GatehouseTime
internal import GatehouseVerify

/// A received secret or password against the versions of one credential.
struct SecretComparison {
    enum Outcome {
        case matched(version: Int)
        /// None of the versions that can be compared at once; those that are stretched are compared elsewhere.
        case waiting([(check: PasswordCheck, version: Int)])
        case failed(Failure)
        /// A value could not be opened.
        case unavailable
    }

    enum Failure {
        /// There is no live version to compare with.
        case unknown
        case mismatch
        /// It is that of a version that is no longer accepted.
        case retired(version: Int)
    }

    let mac: MAC
    let cache: PasswordCache

    /// - Parameters:
    ///   - user: as it was sent; a version of another user does not match.
    ///   - sender: whose credential it is.
    ///   - versions: newest first; empty where there is no such client, which takes as long as one that has.
    func compare(
        user: String, secret: Secret, sender: String, versions: [CredentialVersion], at now: WallTime
    ) -> Outcome {
        guard let digest = digest(user, secret) else { return .unavailable }
        var waiting: [(check: PasswordCheck, version: Int)] = []
        var retired: Int?
        var isKnown = false
        for version in versions {
            let isLive = version.state.isLive(at: now)
            guard let value = try? version.value.open(), let verifier = try? BasicVerifier(decoding: value) else {
                if isLive { return .unavailable }
                continue
            }
            isKnown = isKnown || isLive
            let isUser = verifier.user.withUnsafeBytes { left in
                var user = user
                return user.withUTF8 { constantTimeEquals(left, UnsafeRawBufferPointer($0)) }
            }
            switch verifier.form {
            case .keyed(let expected):
                let matches = expected.withUnsafeBytes { left in digest.withBytes { constantTimeEquals(left, $0) } }
                guard matches, isUser else { continue }
                if isLive { return .matched(version: version.number) }
                retired = retired ?? version.number
            case .stretched(let costs):
                guard isLive, isUser, waiting.count < Self.maximumChecks,
                    let entry = PasswordCache.Entry(sender: sender, version: version.number, verifier: costs, claim: digest, mac: mac)
                else { continue }
                if cache.contains(entry) { return .matched(version: version.number) }
                waiting.append((PasswordCheck(password: secret, verifier: costs, entry: entry), version.number))
            }
        }
        if !waiting.isEmpty { return .waiting(waiting) }
        return .failed(retired.map { .retired(version: $0) } ?? (isKnown ? .mismatch : .unknown))
    }

    private func digest(_ user: String, _ secret: Secret) -> BodyDigest? {
        var user = user
        return user.withUTF8 { user in
            secret.withBytes { secret in
                withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
                    let count = BasicVerifier.digest(user: UnsafeRawBufferPointer(user), password: secret, mac: mac, into: output)
                    return count == 32 ? BodyDigest(UnsafeRawBufferPointer(output)) : nil
                }
            }
        }
    }

    /// Runs of scrypt that one request causes.
    private static let maximumChecks = 4
}
