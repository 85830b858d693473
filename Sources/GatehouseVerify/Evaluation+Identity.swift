internal import GatehouseCrypto
internal import GatehousePolicy

extension Evaluation {
    struct Refused: Error { let reason: Reason }

    /// Names an authenticated event. The key is made of what the signature covers: the id where it is signed, else the digest of the signed
    /// bytes (SEC-64). Where nothing is signed, of the id that policy names.
    ///
    /// An id or type that is there twice is refused, as is a body nested too deeply to find them in; one that is absent, or no text, names
    /// nothing.
    func identity(sender: String, scheme index: Int?) -> Result<EventIdentity, Refused> {
        let scheme = index.map { plan.schemes[$0] }
        var identity = EventIdentity()
        var id: UnsafeRawBufferPointer?
        if let source = scheme.map(\.eventID) ?? plan.eventID {
            if let reason = read(source, &id) { return .failure(Refused(reason: reason)) }
            identity.id = id.map(Self.shown)
            identity.isIDCut = id.map { $0.count > EventIdentity.longestText } ?? false
        }
        if let source = scheme.map(\.eventType) ?? plan.eventType {
            var type: UnsafeRawBufferPointer?
            if let reason = read(source, &type) { return .failure(Refused(reason: reason)) }
            identity.type = type.map(Self.shown)
        }
        let signsSomething = scheme.map { !$0.isEquality } ?? false
        if let id, !signsSomething || scheme?.idIsSigned == true {
            guard let key = key(sender, UInt8(ascii: "i"), id) else { return .failure(Refused(reason: .unavailable)) }
            identity.key = key
        } else if signsSomething, endpoint.policy.replay.withoutID == .digest, let index, let scheme {
            guard let digest = signedDigest(index, scheme), let key = digest.withBytes({ key(sender, UInt8(ascii: "d"), $0) }) else {
                return .failure(Refused(reason: .unavailable))
            }
            identity.key = key
        }
        return .success(identity)
    }

    /// Leaves `text` as it is where there is none, or an empty one; returns why the request is refused, if it is.
    private func read(_ source: SourcePlan, _ text: inout UnsafeRawBufferPointer?) -> Reason? {
        switch workspace.value(source, in: request) {
        case .absent: return nil
        case .repeated: return isInBody(source) ? .malformed : .signatureMalformed
        case .unsuitable: return isInBody(source) && workspace.jsonProblem == .tooDeep ? .malformed : nil
        case .one(let value):
            if !value.isEmpty { text = value }
            return nil
        }
    }

    /// Where an event's names stand is, for a part of them at least, the body.
    func namesInBody(_ scheme: Int?) -> Bool {
        let scheme = scheme.map { plan.schemes[$0] }
        return [scheme.map(\.eventID) ?? plan.eventID, scheme.map(\.eventType) ?? plan.eventType].contains { $0.map(isInBody) ?? false }
    }

    private func isInBody(_ source: SourcePlan) -> Bool { if case .json = source { true } else { false } }

    private func signedDigest(_ index: Int, _ scheme: SchemePlan) -> BodyDigest? {
        if scheme.signsBodyOnly { return bodySHA256 }
        let hasher = workspace.sha256
        hasher.start()
        for index in extraction(index).parts where workspace.parts[index].baseAddress != SchemePlan.secretMark.bytes.baseAddress {
            hasher.update(workspace.parts[index])
        }
        guard hasher.finish(into: workspace.code) == 32 else { return nil }
        return BodyDigest(UnsafeRawBufferPointer(rebasing: workspace.code[..<32]))
    }

    private func key(_ sender: String, _ form: UInt8, _ value: UnsafeRawBufferPointer) -> EventKey? {
        guard let mac = workspace.replay else { return nil }
        mac.start()
        update(mac, endpoint.policy.name)
        update(mac, sender)
        withUnsafeBytes(of: form) { mac.update($0) }
        mac.update(value)
        guard mac.finish(into: workspace.code) == 32 else { return nil }
        let code = UnsafeRawBufferPointer(workspace.code)
        return EventKey(high: code.bigEndianWord(at: 0), low: code.bigEndianWord(at: 8))
    }

    /// Names hold no NUL, so the one behind each keeps them apart.
    private func update(_ mac: MAC, _ name: String) {
        var name = name
        name.withUTF8 { mac.update(UnsafeRawBufferPointer($0)) }
        withUnsafeBytes(of: UInt8(0)) { mac.update($0) }
    }

    /// What is too long is cut between characters; what is not UTF-8 is replaced.
    private static func shown(_ text: UnsafeRawBufferPointer) -> String {
        let limit = EventIdentity.longestText
        guard text.count > limit else { return String(decoding: text, as: UTF8.self) }
        var end = limit
        while end > limit - 4, text[end] & 0xc0 == 0x80 { end -= 1 }
        return String(decoding: text.slice(0, end), as: UTF8.self)
    }
}
