internal import GatehouseCrypto
internal import GatehousePolicy

extension Evaluation {
    /// The verify token of a handshake that asks for one: a credential of the sender's, as it is.
    func token(of handshake: HandshakePlan, sender: EndpointPlan.Sender) -> State {
        guard let token = handshake.token else { return .holds }
        let keys = sender.handshakeKeys[token.keys]
        // Revoking the last version ends what it proved; it does not open the door again.
        if token.isOptional, keys.isEmpty { return .holds }
        guard let value = workspace.text(token.source, in: request), let mac = workspace.passwords,
            let given = KeyMaterial.equalityDigest(value, mac: mac)
        else { return .fails(.credentialMissing) }
        var matches = false
        for key in keys where key.state.isLive(at: arrival.now) {
            if case .equality(let digest) = workspace.material(key.slots[0], of: endpoint.table),
                digest.withBytes({ left in given.withBytes { constantTimeEquals(left, $0) } })
            {
                matches = true
            }
        }
        return matches ? .holds : .fails(.credentialMismatch)
    }

    /// - Parameter key: the version that the request was signed with; nil: the newest that is active.
    func answer(_ handshake: HandshakePlan, sender: EndpointPlan.Sender, key: KeyReference?) -> HandshakeAnswer? {
        var mac: MAC?
        if case .keyed = handshake.answer, let keys = handshake.keys {
            let versions = sender.handshakeKeys[keys]
            let version =
                key.flatMap { used in versions.first { $0.number == used.number } } ?? versions.first { $0.state == .active }
                ?? versions.first { $0.state.isLive(at: arrival.now) }
            if let version, case .mac(let keyed) = workspace.material(version.slots[0], of: endpoint.table) { mac = keyed }
        }
        return HandshakeReply(request: request, workspace: workspace).answer(handshake, mac: mac)
    }
}
