import Dispatch
import GRDB
import GatehouseCrypto
import GatehouseTime
import GatehouseToken
import Synchronization
import Testing

@testable import GatehouseState

private let now = WallTime(seconds: 1_790_000_000)

private func token(_ id: String, expires: WallTime = now + .seconds(600)) -> AccessToken {
    AccessToken(
        issuer: "https://hooks.example", audiences: ["https://hooks.example"], sender: "acme", id: id, scopes: ["events:write"],
        issued: now,
        expires: expires, certificate: [UInt8](repeating: 7, count: 32), credentials: [IssuingCredential(kind: "oauth", version: 2)])
}

private func digest(_ text: String) -> TokenDigest { TokenDigest(sha256: Array(text.utf8)) }

extension TokenStore {
    /// Waits until it is durable.
    fileprivate func commit(_ effects: [TokenEffect], at time: WallTime = now) -> TokenCommit {
        let outcome = Mutex<TokenCommit?>(nil)
        let done = DispatchSemaphore(value: 0)
        commit(effects, at: time) { result in
            outcome.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        return outcome.withLock { $0 } ?? .failed
    }
}

/// A state with its tokens, closed with its last reference.
private final class TokenSite {
    let state: State
    let store: TokenStore

    init(_ directory: TemporaryDirectory, at time: WallTime = now) throws {
        state = try State.open(directory: directory.path)
        store = try state.openTokens(at: time)
    }

    deinit {
        store.close()
        try? state.close()
    }
}

@Suite("Tokens over a restart")
struct TokenStoreTests {
    @Test("SEC-37: an assertion works once, also after a restart, until it ends; each client has its own names")
    func assertions() throws {
        let directory = try TemporaryDirectory()
        let use = TokenEffect.assertion(client: "acme", id: "one", until: now + .seconds(60))
        do {
            let site = try TokenSite(directory)
            #expect(site.store.commit([use]) == .stored)
            #expect(site.store.commit([use]) == .assertionUsed)
            #expect(site.store.commit([.assertion(client: "other", id: "one", until: now + .seconds(60))]) == .stored)
        }
        do {
            let site = try TokenSite(directory, at: now + .seconds(1))
            #expect(site.store.commit([use], at: now + .seconds(59)) == .assertionUsed)
            #expect(site.store.commit([.assertion(client: "acme", id: "two", until: now + .seconds(60))]) == .stored)
        }
        let later = try TokenSite(directory, at: now + .seconds(61))
        #expect(later.store.commit([.assertion(client: "acme", id: "one", until: now + .seconds(120))], at: now + .seconds(61)) == .stored)
    }

    @Test("SEC-37: of many uses at once one counts, and nothing else that comes with the others does")
    func race() throws {
        let directory = try TemporaryDirectory()
        let site = try TokenSite(directory)
        let store = site.store
        let stored = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let effects: [TokenEffect] = [
                .assertion(client: "acme", id: "one", until: now + .seconds(60)), .opaque(digest("\(index)"), token("\(index)")),
            ]
            if store.commit(effects) == .stored { stored.withLock { $0.append(index) } }
        }
        let winners = stored.withLock { $0 }
        #expect(winners.count == 1)
        #expect((0..<64).count { store.opaque(digest("\($0)")) != nil } == 1)
        #expect(store.opaque(digest("\(winners.first ?? -1)"))?.id == "\(winners.first ?? -1)")
    }

    @Test("SEC-34: an opaque token is found by its digest after a restart, with everything it says, and gone when it has expired")
    func opaque() throws {
        let directory = try TemporaryDirectory()
        do {
            let site = try TokenSite(directory)
            #expect(
                site.store.commit([
                    .opaque(digest("secret"), token("one")), .opaque(digest("short"), token("two", expires: now + .seconds(5))),
                ]) == .stored)
            #expect(site.store.opaque(digest("secret")) == token("one"))
        }
        let site = try TokenSite(directory, at: now + .seconds(10))
        #expect(site.store.opaque(digest("secret")) == token("one"))
        #expect(site.store.opaque(digest("short")) == nil)
        #expect(site.store.opaque(digest("other")) == nil)
        try site.store.sweep(at: now + .seconds(600))
        #expect(site.store.opaque(digest("secret")) == nil)
    }

    @Test("SEC-50: a revocation holds at once and after a restart, and is forgotten when the token has expired")
    func revocations() throws {
        let directory = try TemporaryDirectory()
        do {
            let site = try TokenSite(directory)
            #expect(site.store.isRevoked("one") == .no)
            // Before it is durable.
            site.store.commit([.revoke(id: "one", until: now + .seconds(600))], at: now) { _ in }
            #expect(site.store.isRevoked("one") == .yes)
            #expect(site.store.isRevoked("two") == .no)
        }
        let site = try TokenSite(directory, at: now + .seconds(300))
        #expect(site.store.isRevoked("one") == .yes)
        try site.store.sweep(at: now + .seconds(600))
        #expect(site.store.isRevoked("one") == .no)
    }

    @Test("what was committed before a close is durable, and what comes after it fails")
    func closing() throws {
        let directory = try TemporaryDirectory()
        let outcomes = Mutex<[TokenCommit]>([])
        do {
            let site = try TokenSite(directory)
            for index in 0..<500 {
                site.store.commit([.revoke(id: "\(index)", until: now + .seconds(600))], at: now) { outcome in
                    outcomes.withLock { $0.append(outcome) }
                }
            }
            site.store.close()
            #expect(outcomes.withLock { $0 } == Array(repeating: .stored, count: 500))
            #expect(site.store.commit([.revoke(id: "late", until: now + .seconds(600))]) == .failed)
        }
        let site = try TokenSite(directory)
        #expect((0..<500).allSatisfy { site.store.isRevoked("\($0)") == .yes })
    }

    @Test("SEC-34: neither a token nor its jti's secret stands in the files")
    func files() throws {
        let directory = try TemporaryDirectory()
        let secret = "canary-opaque-token-that-was-handed-out-once"
        do {
            let site = try TokenSite(directory)
            let mac = try Array(secret.utf8).withUnsafeBytes { try HMAC.compute(.sha256, key: site.store.digestKey, $0) }
            let digest = try #require(TokenDigest(mac))
            #expect(site.store.commit([.opaque(digest, token("one"))]) == .stored)
        }
        let files = try FileSystem.names(in: directory.path).filter { $0.hasPrefix("gatehouse.db") }
        for file in files {
            #expect(try TemporaryDirectory.contents(directory.file(file)).firstRange(of: Array(secret.utf8)) == nil)
        }
    }
}

@Suite("Token-signing keys in the state")
struct SigningKeyStoreTests {
    private let lifetime = Duration.seconds(600)

    @Test("a first start makes one key, later ones find it", arguments: JWSAlgorithm.allCases)
    func first(_ algorithm: JWSAlgorithm) throws {
        let directory = try TemporaryDirectory()
        let made: String?
        do {
            let site = try TokenSite(directory)
            #expect(try site.store.signingKeys().keys.isEmpty)
            made = try site.store.prepareKeys(algorithm: algorithm, lifetime: lifetime, at: now)?.made
            #expect(try site.store.prepareKeys(algorithm: algorithm, lifetime: lifetime, at: now) == nil)
        }
        let site = try TokenSite(directory)
        #expect(try site.store.prepareKeys(algorithm: algorithm, lifetime: lifetime, at: now + .seconds(86_400)) == nil)
        let key = try #require(try site.store.signingKeys().active)
        #expect(key.id == made)
        #expect(key.algorithm == algorithm)
        #expect(key.created == now)
    }

    @Test("SEC-40: a rotated key stays until the longest-lived of its tokens has expired, then it is destroyed")
    func rotation() throws {
        let directory = try TemporaryDirectory()
        let site = try TokenSite(directory)
        _ = try site.store.prepareKeys(algorithm: .es256, lifetime: .seconds(3_600), at: now)
        // Shorter since, but an hour's tokens may be about.
        #expect(try site.store.prepareKeys(algorithm: .es256, lifetime: lifetime, at: now) == nil)
        let first = try #require(try site.store.signingKeys().active?.id)
        let told = Atomic<Int>(0)
        site.store.observe { told.add(1, ordering: .relaxed) }
        let change = try site.store.rotateKeys(algorithm: .es256, lifetime: lifetime, at: now + .seconds(10))
        #expect(told.load(ordering: .relaxed) == 1)
        #expect(change.retiring.map(\.kid) == [first])
        let until = try #require(change.retiring.first?.until)
        #expect(until >= now + .seconds(3_610))
        let keys = try site.store.signingKeys()
        #expect(keys.keys.map(\.id) == [change.made, first])
        #expect(keys.active?.id == change.made)
        #expect(try site.store.prepareKeys(algorithm: .es256, lifetime: lifetime, at: until - .seconds(1)) == nil)
        #expect(try site.store.prepareKeys(algorithm: .es256, lifetime: lifetime, at: until)?.dropped == [first])
        #expect(try site.store.signingKeys().keys.map(\.id) == [change.made])
    }

    @Test("a schedule rotates when it is due, and another algorithm at once")
    func schedule() throws {
        let directory = try TemporaryDirectory()
        let site = try TokenSite(directory)
        func prepare(_ algorithm: JWSAlgorithm, _ time: WallTime) throws -> SigningKeyChange? {
            try site.store.prepareKeys(algorithm: algorithm, lifetime: lifetime, rotateEvery: .seconds(86_400), at: time)
        }
        _ = try prepare(.es256, now)
        #expect(try prepare(.es256, now + .seconds(86_399)) == nil)
        #expect(try prepare(.es256, now + .seconds(86_400))?.retiring.count == 1)
        #expect(try prepare(.edDSA, now + .seconds(86_401))?.retiring.count == 1)
        #expect(try site.store.signingKeys().active?.algorithm == .edDSA)
        #expect(try site.store.signingKeys().keys.count == 3)
    }

    @Test("SEC-66: a key that was moved to another row does not open, nor does one under another master key")
    func sealing() throws {
        let directory = try TemporaryDirectory()
        do {
            let site = try TokenSite(directory)
            _ = try site.store.prepareKeys(algorithm: .es256, lifetime: lifetime, at: now)
            _ = try site.store.rotateKeys(algorithm: .es256, lifetime: lifetime, at: now + .seconds(1))
            try site.state.database.write { database in
                try database.execute(
                    sql: """
                        UPDATE signing_key SET sealed = (SELECT sealed FROM signing_key WHERE retiring_until IS NULL)
                        WHERE retiring_until IS NOT NULL
                        """)
            }
        }
        let site = try TokenSite(directory)
        #expect(throws: StateError.self) { try site.store.signingKeys() }
    }

    @Test("keys open after the master key was replaced")
    func masterKey() throws {
        let directory = try TemporaryDirectory()
        let id: String?
        do {
            let site = try TokenSite(directory)
            id = try site.store.prepareKeys(algorithm: .edDSA, lifetime: lifetime, at: now)?.made
            #expect(try site.state.rotateMasterKey() == 1)
            _ = try site.store.rotateKeys(algorithm: .edDSA, lifetime: lifetime, at: now + .seconds(1))
            #expect(try site.store.signingKeys().keys.count == 2)
        }
        let site = try TokenSite(directory)
        #expect(try site.store.signingKeys().keys.last?.id == id)
    }

    @Test("a private key never stands in the files as it is")
    func files() throws {
        let directory = try TemporaryDirectory()
        let pem: [UInt8]
        do {
            let site = try TokenSite(directory)
            _ = try site.store.prepareKeys(algorithm: .es256, lifetime: lifetime, at: now)
            pem = try #require(try site.store.signingKeys().active).key.pem().withBytes { Array($0) }
        }
        for file in try FileSystem.names(in: directory.path).filter({ $0.hasPrefix("gatehouse.db") }) {
            #expect(try TemporaryDirectory.contents(directory.file(file)).firstRange(of: pem[40..<80]) == nil)
        }
    }
}
