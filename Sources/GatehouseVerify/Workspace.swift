public import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehouseToken

/// What one event loop needs again for every request: keyed contexts, hashers and scratch memory, so that verifying looks nothing up and
/// allocates next to nothing. Not to be shared between threads.
public final class Workspace {
    let arena = Arena()
    let sha256: GatehouseCrypto.Hasher
    /// Keyed with the snapshot's own keys; nil before the first snapshot and where OpenSSL failed.
    private(set) var replay: MAC?
    private(set) var passwords: MAC?
    /// Made for the first token.
    private(set) lazy var tokens = try? TokenWorkspace()
    private var generation: UInt64 = 0
    @exclusivity(unchecked) private var materials: [KeyMaterial?] = []

    // Of the current request. One thread owns a workspace and no access to these runs within another, so the run-time check of that, which
    // costs more than the accesses, is off.
    @exclusivity(unchecked) var found: [JSONScanner.Value?] = []
    @exclusivity(unchecked) var jsonProblem: JSONScanner.Problem?
    @exclusivity(unchecked) var candidates: [Candidate] = []
    @exclusivity(unchecked) var parts: [UnsafeRawBufferPointer] = []
    @exclusivity(unchecked) var extractions: [Extraction?] = []
    /// A MAC or digest of any length.
    let code = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)

    /// Fails where OpenSSL has no SHA-256.
    public init() throws(CryptoError) {
        sha256 = try GatehouseCrypto.Hasher(.sha256)
    }

    deinit { code.deallocate() }

    /// Drops every key of another snapshot. A verification does this by itself; calling it when a snapshot is swapped makes a revoked key
    /// leave a loop that sees no requests.
    public func adopt(_ verifier: Verifier) { adopt(verifier.table) }

    func adopt(_ table: KeyTable) {
        guard generation != table.generation else { return }
        materials = Array(repeating: nil, count: table.slots.count)
        replay = try? MAC(.sha256, key: table.keys.replay)
        passwords = try? MAC(.sha256, key: table.keys.passwords)
        generation = table.generation
    }

    /// A request that began with an older snapshot must not bring that snapshot's keys back.
    func isAhead(of table: KeyTable) -> Bool { generation > table.generation }

    func begin(schemes: Int, paths: Int) {
        arena.reset()
        candidates.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        extractions.removeAll(keepingCapacity: true)
        for _ in 0..<schemes { extractions.append(nil) }
        found.removeAll(keepingCapacity: true)
        for _ in 0..<paths { found.append(nil) }
        jsonProblem = nil
    }

    func scanJSON(_ body: UnsafeRawBufferPointer, paths: JSONPaths) {
        do throws(JSONScanner.Problem) {
            try JSONScanner.scan(body, paths: paths, into: &found)
        } catch {
            jsonProblem = error
        }
    }

    /// The slot's value made ready, opened at its first use.
    func material(_ slot: Int, of table: KeyTable) -> KeyMaterial {
        if let known = materials[slot] { return known }
        guard let passwords else { return .unavailable }
        let material = KeyMaterial.open(table.slots[slot], minimumKeyBytes: table.minimumKeyBytes, passwords: passwords)
        if case .unavailable = material { return material }
        materials[slot] = material
        return material
    }

    /// Nil where OpenSSL failed.
    func digest(_ bytes: UnsafeRawBufferPointer) -> BodyDigest? {
        sha256.start()
        sha256.update(bytes)
        guard sha256.finish(into: code) == 32 else { return nil }
        return BodyDigest(UnsafeRawBufferPointer(rebasing: code[..<32]))
    }
}
