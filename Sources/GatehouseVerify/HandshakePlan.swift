internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehousePolicy

/// A handshake compiled for one endpoint.
struct HandshakePlan: Sendable {
    struct Token: Sendable {
        let source: SourcePlan
        /// A sender without the credential may bring any.
        let isOptional: Bool
        /// Position in the senders' `handshakeKeys`.
        let keys: Int
    }

    struct Match: Sendable {
        let source: SourcePlan
        let equals: [UInt8]?
    }

    enum Answer: Sendable {
        case echo(SourcePlan)
        case echoHeader(SourcePlan, name: String)
        case json(member: String, SourcePlan)
        case keyed(SourcePlan, plainMember: String?, keyedMember: String, prefix: String, encoding: SignatureSource.Encoding)
        case fixed(status: Int, mediaType: String?, body: String)
        case allowOrigin(rate: Int?)
    }

    /// Position among the endpoint's schemes.
    let scheme: Int
    let method: String
    let present: [Match]
    let token: Token?
    let answer: Answer
    let signed: Bool
    /// Position in the senders' `handshakeKeys`; nil where the answer needs no key.
    let keys: Int?

    /// - Parameter uses: what the endpoint's handshakes use senders' credentials for; what this one does is added.
    init(_ handshake: Handshake, scheme: Int, keyForm: KeyForm, paths: inout JSONPaths, uses: inout [HandshakeUse]) {
        self.scheme = scheme
        method = handshake.when.method
        present = handshake.when.present.map {
            Match(source: SourcePlan($0.source, paths: &paths), equals: $0.equals.map { Array($0.utf8) })
        }
        if let source = handshake.when.token {
            let isOptional = handshake.when.tokenCredential == .verify
            token = Token(source: SourcePlan(source, paths: &paths), isOptional: isOptional, keys: uses.count)
            uses.append(HandshakeUse(kind: isOptional ? .verify : .signing, use: .equality(KeyForm())))
        } else {
            token = nil
        }
        answer =
            switch handshake.answer {
            case .echo(let source): .echo(SourcePlan(source, paths: &paths))
            case .echoHeader(let name): .echoHeader(SourcePlan(.header(name), paths: &paths), name: name)
            case .json(let member, let source): .json(member: member, SourcePlan(source, paths: &paths))
            case .keyed(let source, let plain, let keyed, let prefix, let encoding):
                .keyed(SourcePlan(source, paths: &paths), plainMember: plain, keyedMember: keyed, prefix: prefix, encoding: encoding)
            case .fixed(let status, let mediaType, let body): .fixed(status: status, mediaType: mediaType, body: body)
            case .allowOrigin(let rate): .allowOrigin(rate: rate)
            }
        signed = handshake.signed
        if case .keyed = handshake.answer {
            keys = uses.count
            uses.append(HandshakeUse(kind: .signing, use: .mac(.sha256, keyForm)))
        } else {
            keys = nil
        }
    }

    /// Everything but the token, which is a sender's.
    func applies(to request: RequestView, in workspace: Workspace) -> Bool {
        guard request.method.elementsEqual(method.utf8) else { return false }
        return present.allSatisfy { match in
            guard let value = workspace.text(match.source, in: request) else { return false }
            return match.equals.map { value.equals($0) } ?? true
        }
    }
}

/// What a handshake needs a sender's credential for: the token as it is, or the answer's MAC.
struct HandshakeUse: Sendable {
    let kind: CredentialKind
    let use: KeyUse
}
