internal import COpenSSL
public import GatehouseCrypto

/// Everything a listener needs for its handshakes, immutable: a reload makes another and connections keep the one they began with.
public final class TLSServerContext: Sendable {
    /// What works but should be looked at: files readable by the group, certificates expired.
    public let warnings: [String]
    let identities: [ServerIdentity]
    let tickets: TicketKeys
    let applicationProtocols: [[UInt8]]
    private let names: HostNames

    /// All or nothing: the error has every problem of every identity, and says the file and what to do.
    public init(_ configuration: TLSServerConfiguration, tickets: TicketKeys) throws(TLSError) {
        var identities: [ServerIdentity] = []
        var problems: [String] = []
        for files in configuration.identities {
            do {
                identities.append(try ServerIdentity(files, of: configuration))
            } catch {
                problems += error.problems.isEmpty ? [error.message] : error.problems
            }
        }
        if configuration.identities.isEmpty { problems.append("\(configuration.listener) has no certificate") }
        if configuration.crlFile != nil, !configuration.identities.contains(where: { $0.clientCAFile != nil }) {
            problems.append("\(configuration.listener) has a client-crl and no client-ca that it could belong to")
        }
        let protocols = configuration.applicationProtocols.map { Array($0.utf8) }
        if let wrong = protocols.first(where: { $0.isEmpty || $0.count > 255 }) {
            problems.append("\"\(String(decoding: wrong, as: UTF8.self))\" is no ALPN protocol name")
        }
        guard problems.isEmpty else { throw .configuration(problems) }
        var names = HostNames()
        var overlaps: [String] = []
        for (index, identity) in identities.enumerated() {
            let taken = names.add(names: identity.info.dnsNames, addresses: identity.info.addresses, identity: index)
            guard !taken.isEmpty else { continue }
            overlaps.append(
                "\(configuration.identities[index].certificateFile) is not used for \(taken.joined(separator: ", ")): "
                    + "an earlier certificate of \(configuration.listener) has that name")
        }
        self.identities = identities
        self.tickets = tickets
        self.names = names
        applicationProtocols = protocols
        warnings = identities.flatMap(\.warnings) + overlaps
    }

    /// The leaf of each identity, in their order.
    public var certificates: [CertificateInfo] { identities.map(\.info) }

    /// The identity that a Host belongs to (without its port, any case, an IPv6 address without brackets); nil where it is none's, and
    /// then any connection may carry it. One that differs from the session's is answered 421 (RFC 9110 section 7.4).
    public func identityIndex(forHost host: String) -> Int? {
        let host = host.lowercased()
        if let identity = names.identity(for: host) { return identity }
        guard let address = IPAddressBytes.parse(host) else { return nil }
        return names.identity(forAddress: address)
    }

    /// Whether the client certificate of a session, which may have begun with an earlier context, still holds: false once it or an authority
    /// above it is on a revocation list, or nothing here trusts it. A session without one is accepted.
    public func accepts(_ session: TLSSessionInfo) -> Bool {
        guard let proof = session.clientProof else { return true }
        return identities[identity(forServerName: session.serverName)].accepts(proof, resumed: session.resumed)
    }

    func authorityDigest(of identity: Int) -> [UInt8]? {
        identities.indices.contains(identity) ? identities[identity].authorityDigest : nil
    }

    /// The identity for the name a client asked for.
    func identity(forServerName name: String?) -> Int { name.flatMap { names.identity(for: $0) } ?? 0 }
}
