internal import GatehouseCrypto
internal import GatehouseHTTP

/// What a request says in `Authorization: Basic` (RFC 7617).
enum BasicClaim {
    /// No Authorization field, or one of another scheme.
    case missing
    /// Twice, not Base64, without a colon or longer than any credential.
    case malformed
    /// Decoded into memory that is wiped; user, colon and password are its first `count` bytes.
    case given(Secret, user: Int, count: Int, digest: BodyDigest)
}

extension Evaluation {
    mutating func basic(sender: EndpointPlan.Sender, _ trial: inout Trial) -> State {
        switch claim() {
        case .missing:
            trial.checks.append(CheckResult(.basic, .missing))
            return .fails(.credentialMissing)
        case .malformed:
            trial.checks.append(CheckResult(.basic, .malformed))
            return .fails(.credentialMismatch)
        case .given(let secret, let user, let count, let digest):
            return secret.withBytes { bytes in
                basic(bytes.slice(0, user), bytes.slice(user + 1, count), digest, sender, &trial)
            }
        }
    }

    private mutating func basic(
        _ user: UnsafeRawBufferPointer, _ password: UnsafeRawBufferPointer, _ digest: BodyDigest, _ sender: EndpointPlan.Sender,
        _ trial: inout Trial
    ) -> State {
        var newest: Int?
        var isKnown = false
        var stretched: BasicVerifier.Stretched?
        var retired: Int?
        var isUnavailable = false
        var waiting: [(check: Int, version: Int)] = []
        for key in sender.basic {
            let isLive = key.state.isLive(at: arrival.now)
            guard isLive || arrival.diagnoseRetired, let slot = key.slots.first else { continue }
            if isLive { newest = newest ?? key.number }
            let verifier: BasicVerifier
            switch workspace.material(slot, of: endpoint.table) {
            case .basic(let opened): verifier = opened
            case .unavailable where isLive:
                isUnavailable = true
                continue
            default: continue
            }
            let isUser = verifier.user.withUnsafeBytes { constantTimeEquals($0, user) }
            if isLive, isUser { isKnown = true }
            switch verifier.form {
            case .keyed(let expected):
                guard isUser, expected.withUnsafeBytes({ left in digest.withBytes { constantTimeEquals(left, $0) } }) else { continue }
                guard isLive else {
                    retired = retired ?? key.number
                    continue
                }
                trial.checks.append(CheckResult(.basic, version: key.number, .ok))
                return .holds
            case .stretched(let costs):
                guard isLive else { continue }
                stretched = costs
                guard isUser else { continue }
                guard let mac = workspace.passwords,
                    let entry = PasswordCache.Entry(sender: sender.name, version: key.number, verifier: costs, claim: digest, mac: mac)
                else { return .fails(.unavailable) }
                if endpoint.table.passwords.contains(entry) {
                    trial.checks.append(CheckResult(.basic, version: key.number, .ok))
                    return .holds
                }
                guard passwordChecks.count < Self.maximumPasswordChecks else { continue }
                waiting.append((passwordChecks.count, key.number))
                passwordChecks.append(PasswordCheck(password: Secret(copying: password), verifier: costs, entry: entry))
            }
        }
        if isUnavailable {
            trial.checks.append(CheckResult(.basic, version: newest, .unavailable))
            return .fails(.unavailable)
        }
        if !waiting.isEmpty {
            trial.checks.append(CheckResult(.basic, version: newest, .pending))
            trial.passwords += waiting
            return .pending
        }
        if let retired {
            trial.checks.append(CheckResult(.basic, version: retired, .retired))
            return .fails(.credentialRetired)
        }
        if !isKnown, let stretched {
            // An unknown user costs what a known one does, so that the time does not tell them apart.
            if dummyCheck == nil {
                dummyCheck = passwordChecks.count
                passwordChecks.append(PasswordCheck(password: Secret(copying: password), verifier: stretched, entry: nil))
            }
            trial.passwordFailure = .credentialUnknown
            trial.checks.append(CheckResult(.basic, .pending))
            return .pending
        }
        trial.checks.append(CheckResult(.basic, version: isKnown ? newest : nil, isKnown ? .mismatch : .unknown))
        return .fails(isKnown ? .credentialMismatch : .credentialUnknown)
    }

    private mutating func claim() -> BasicClaim {
        if let basic { return basic }
        let claim = readClaim()
        basic = claim
        return claim
    }

    private func readClaim() -> BasicClaim {
        let field: UnsafeRawBufferPointer
        switch request.field(.authorization) {
        case .absent: return .missing
        case .repeated: return .malformed
        case .one(let value): field = value
        }
        let scheme = "basic"
        guard field.count > scheme.utf8.count, field[scheme.utf8.count] == 0x20,
            zip(field, scheme.utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
        else { return .missing }
        let text = field.slice(scheme.utf8.count, field.count).trimmed
        guard text.count <= (BasicVerifier.maximumLength + 2) / 3 * 4 else { return .malformed }
        var decoded: Int?
        let room = try? Secret(count: max(text.count, 1)) { decoded = Base64.decode(text, into: $0) }
        guard let count = decoded, let room, count <= BasicVerifier.maximumLength else { return .malformed }
        guard let user = room.withBytes({ $0.slice(0, count).firstIndex(of: UInt8(ascii: ":")) }), let mac = workspace.passwords else {
            return .malformed
        }
        let length = room.withBytes {
            BasicVerifier.digest(user: $0.slice(0, user), password: $0.slice(user + 1, count), mac: mac, into: workspace.code)
        }
        guard let digest = BodyDigest(UnsafeRawBufferPointer(rebasing: workspace.code[..<length])) else { return .malformed }
        return .given(room, user: user, count: count, digest: digest)
    }

    /// A request causes at most this many runs of scrypt.
    private static let maximumPasswordChecks = 4
}
