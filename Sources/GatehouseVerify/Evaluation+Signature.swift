internal import GatehouseCrypto
internal import GatehousePolicy

extension Evaluation {
    /// The signature is looked at before the window, so that `timestamp-stale` means a genuine signature. Live keys are tried from the
    /// newest on until one matches; each is compared with every candidate.
    func signature(_ index: Int, sender: EndpointPlan.Sender, _ trial: inout Trial) -> State {
        let scheme = plan.schemes[index]
        let extraction = extraction(index)
        if let problem = extraction.problem { return report(problem, scheme, &trial) }
        let keys = sender.signing[index]
        let live = keys.count { $0.state.isLive(at: arrival.now) }
        guard live > 0 || arrival.diagnoseRetired && !keys.isEmpty else {
            trial.checks.append(CheckResult(.signature, scheme: scheme.name, .unknown))
            return .fails(.credentialUnknown)
        }
        guard live * extraction.candidates.count <= Scheme.maximumPairs else { return report(.signatureMalformed, scheme, &trial) }
        if scheme.answersKeyed, mayBeKeyed(extraction) { return report(.signatureMalformed, scheme, &trial) }

        var newest: Int?
        var worst = CheckResult.Result.mismatch
        for key in keys where key.state.isLive(at: arrival.now) {
            switch match(key, extraction, scheme) {
            case .ok:
                trial.checks.append(CheckResult(.signature, scheme: scheme.name, version: key.number, .ok))
                if trial.scheme == nil {
                    trial.scheme = index
                    trial.key = key
                }
                return judgeWindow(extraction, scheme, &trial)
            case .unavailable: worst = .unavailable
            case .unusable where worst == .mismatch: worst = .unusable
            default: break
            }
            newest = newest ?? key.number
        }
        if worst != .unavailable, arrival.diagnoseRetired {
            let retired = keys.filter { !$0.state.isLive(at: arrival.now) }.prefix(
                Scheme.maximumPairs / max(extraction.candidates.count, 1))
            for key in retired where match(key, extraction, scheme) == .ok {
                trial.checks.append(CheckResult(.signature, scheme: scheme.name, version: key.number, .retired))
                return .fails(.signedWithRetired)
            }
        }
        trial.checks.append(CheckResult(.signature, scheme: scheme.name, version: newest, newest == nil ? .unknown : worst))
        if worst == .unavailable { return .fails(.unavailable) }
        return .fails(newest == nil ? .credentialUnknown : .signatureMismatch)
    }

    func extraction(_ index: Int) -> Extraction {
        if let known = workspace.extractions[index] { return known }
        let extraction = plan.schemes[index].extract(from: request, in: workspace)
        workspace.extractions[index] = extraction
        return extraction
    }

    private func report(_ problem: Extraction.Problem, _ scheme: SchemePlan, _ trial: inout Trial) -> State {
        let (check, result, reason): (CheckResult.Check, CheckResult.Result, Reason) =
            switch problem {
            case .signatureMissing: (.signature, .missing, .signatureMissing)
            case .signatureMalformed: (.signature, .malformed, .signatureMalformed)
            case .timestampMissing: (.timestamp, .missing, .timestampMissing)
            case .timestampMalformed: (.timestamp, .malformed, .signatureMalformed)
            }
        trial.checks.append(CheckResult(check, scheme: scheme.name, result))
        return .fails(reason)
    }

    private func judgeWindow(_ extraction: Extraction, _ scheme: SchemePlan, _ trial: inout Trial) -> State {
        guard let signedAt = extraction.signedAt else { return .holds }
        switch scheme.window.judge(signedAt, at: arrival.now) {
        case .inside: return .holds
        case .stale:
            // Everything else is still looked at: a copy of an event that was accepted in time is known by it.
            trial.checks.append(CheckResult(.timestamp, scheme: scheme.name, .stale))
            trial.isStale = true
            return .holds
        case .future:
            trial.checks.append(CheckResult(.timestamp, scheme: scheme.name, .future))
            return .fails(.timestampFuture)
        }
    }

    /// One computation for each algorithm that a candidate has, compared with each such candidate.
    private func match(_ key: KeyReference, _ extraction: Extraction, _ scheme: SchemePlan) -> CheckResult.Result {
        var result = CheckResult.Result.mismatch
        for (algorithm, slot) in key.slots.enumerated() {
            guard workspace.candidates[extraction.candidates].contains(where: { $0.algorithm == algorithm }) else { continue }
            switch workspace.material(slot, of: endpoint.table) {
            case .mac(let mac):
                mac.start()
                for index in extraction.parts { mac.update(workspace.parts[index]) }
                let count = mac.finish(into: workspace.code)
                if isAmongCandidates(count, algorithm, extraction) { result = .ok }
            case .embedded(let secret):
                workspace.sha256.start()
                for index in extraction.parts {
                    if workspace.parts[index].baseAddress == SchemePlan.secretMark.bytes.baseAddress {
                        secret.withBytes { workspace.sha256.update($0) }
                    } else {
                        workspace.sha256.update(workspace.parts[index])
                    }
                }
                let count = workspace.sha256.finish(into: workspace.code)
                if isAmongCandidates(count, algorithm, extraction) { result = .ok }
            case .publicKey(let publicKey, let signatureScheme):
                let message = message(extraction)
                for candidate in workspace.candidates[extraction.candidates]
                where candidate.algorithm == algorithm && publicKey.verify(signatureScheme, signature: candidate.bytes, message: message) {
                    result = .ok
                }
            case .equality(let digest):
                guard let mac = workspace.passwords else { return .unavailable }
                for candidate in workspace.candidates[extraction.candidates] where candidate.algorithm == algorithm {
                    guard let other = KeyMaterial.equalityDigest(candidate.bytes, mac: mac) else { return .unavailable }
                    if digest.withBytes({ left in other.withBytes { constantTimeEquals(left, $0) } }) { result = .ok }
                }
            case .unavailable: return .unavailable
            case .unusable, .basic, .certificate: if result == .mismatch { result = .unusable }
            }
        }
        return result
    }

    private func isAmongCandidates(_ count: Int, _ algorithm: Int, _ extraction: Extraction) -> Bool {
        guard count > 0 else { return false }
        let computed = UnsafeRawBufferPointer(rebasing: workspace.code[..<count])
        var found = false
        for candidate in workspace.candidates[extraction.candidates] where candidate.algorithm == algorithm {
            if constantTimeEquals(computed, candidate.bytes) { found = true }
        }
        return found
    }

    /// The signed string in one piece; copied only where it is not one already.
    private func message(_ extraction: Extraction) -> UnsafeRawBufferPointer {
        if extraction.parts.count == 1, let only = extraction.parts.first { return workspace.parts[only] }
        let output = workspace.arena.allocate(extraction.parts.reduce(0) { $0 + workspace.parts[$1].count })
        var written = 0
        for index in extraction.parts {
            let part = workspace.parts[index]
            UnsafeMutableRawBufferPointer(rebasing: output[written...]).copyMemory(from: part)
            written += part.count
        }
        return UnsafeRawBufferPointer(output)
    }

    /// The signed string is one that a keyed handshake would answer, so its signature proves nothing.
    private func mayBeKeyed(_ extraction: Extraction) -> Bool {
        var count = 0
        for index in extraction.parts {
            count += workspace.parts[index].count
            guard count <= 256, workspace.parts[index].allSatisfy(HandshakeReply.isKeyable) else { return false }
        }
        return true
    }
}
