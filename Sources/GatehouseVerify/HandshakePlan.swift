internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehousePolicy

/// A handshake compiled for one endpoint.
struct HandshakePlan: Sendable {
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
    let token: SourcePlan?
    let answer: Answer
    let signed: Bool
    /// Position in the senders' `handshakeKeys`; nil where neither token nor answer needs a key.
    let keys: Int?

    init(_ handshake: Handshake, scheme: Int, paths: inout JSONPaths, keys: Int?) {
        self.scheme = scheme
        method = handshake.when.method
        present = handshake.when.present.map {
            Match(source: SourcePlan($0.source, paths: &paths), equals: $0.equals.map { Array($0.utf8) })
        }
        token = handshake.when.token.map { SourcePlan($0, paths: &paths) }
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
        self.keys = keys
    }

    /// What a handshake uses `SENDER/signing` for, if it does: the token as it is, and the answer's MAC.
    static func uses(_ handshake: Handshake, _ form: KeyForm) -> [KeyUse]? {
        let isKeyed = if case .keyed = handshake.answer { true } else { false }
        return isKeyed || handshake.when.token != nil ? [.equality(KeyForm()), .mac(.sha256, form)] : nil
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
