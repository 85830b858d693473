import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Synchronization
import Testing

@testable import GatehouseState

/// A state in a directory of its own.
private struct StoreFixture {
    let directory: TemporaryDirectory
    let state: State
    let clock: StandingClock

    init(_ directory: TemporaryDirectory? = nil, clock: StandingClock = StandingClock()) throws {
        self.directory = try directory ?? TemporaryDirectory()
        self.clock = clock
        state = try State.open(directory: self.directory.path, clock: clock)
    }

    var store: CredentialStore { state.credentials }

    @discardableResult
    func add(_ name: String, _ value: String? = nil) throws -> CredentialChange {
        try store.add(Self.name(name), value: Self.value(value), at: clock.now)
    }

    @discardableResult
    func rotate(_ name: String, _ value: String? = nil, overlap: Duration = .seconds(86_400)) throws -> CredentialChange {
        try store.rotate(Self.name(name), value: Self.value(value), overlap: overlap, at: clock.now)
    }

    func live(_ name: String) throws -> [(Int, String)] {
        try store.credentialSet().live(Self.name(name), at: clock.now).map { ($0.number, try $0.value.open().text) }
    }

    func status(_ name: String) throws -> CredentialStatus {
        try #require(try store.status(Self.name(name), at: clock.now).first)
    }

    static func name(_ text: String) -> CredentialName {
        guard let name = CredentialName(text) else { preconditionFailure("\(text) is a credential's name") }
        return name
    }

    static func value(_ text: String?) -> CredentialStore.Value { text.map { .given(Secret(utf8: $0)) } ?? .generated }
}

extension Secret {
    fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

private func code(_ body: () throws -> Void) -> StateError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? StateError)?.code
    }
}

@Suite("Credentials and their versions")
struct CredentialStoreTests {
    @Test("the first version of a signing secret is made of 32 random bytes and returned once")
    func generatedSigning() throws {
        let fixture = try StoreFixture()
        let change = try fixture.add("acme/signing")
        let text = try #require(change.generated?.text)
        #expect(text.hasPrefix("whsec_") && Base64.decode(text.dropFirst(6), padding: .required)?.count == 32)
        #expect(change.version == 1 && change.action == .add)
        #expect(try fixture.live("acme/signing").map(\.1) == [text])
    }

    @Test("a generated password is known by a keyed digest, a given one by scrypt", arguments: [nil, "acme:correct horse battery"])
    func basic(value: String?) throws {
        let fixture = try StoreFixture()
        let change = try fixture.add("acme/basic", value)
        let stored = try #require(try fixture.store.credentialSet().live(StoreFixture.name("acme/basic"), at: fixture.clock.now).first)
            .value.open()
        let verifier = try BasicVerifier(decoding: stored)
        #expect(verifier.user == Array("acme".utf8))
        switch verifier.form {
        case .keyed: #expect(value == nil)
        case .stretched: #expect(value != nil)
        }
        if value == nil {
            let parts = try #require(change.generated?.text.split(separator: ":"))
            #expect(parts.first == "acme" && Base64.decode(parts[1], alphabet: .url, padding: .forbidden)?.count == 32)
        } else {
            #expect(change.generated == nil)
            #expect(!stored.text.contains("correct horse"))
        }
    }

    @Test("a generated client secret is 43 base64url characters")
    func oauth() throws {
        let fixture = try StoreFixture()
        let text = try #require(try fixture.add("acme/oauth").generated?.text)
        #expect(text.utf8.count == 43 && Base64.decode(text, alphabet: .url, padding: .forbidden)?.count == 32)
    }

    @Test("a second add is refused while a version lives, with the command to use")
    func addTwice() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        do {
            try fixture.add("acme/signing")
            Issue.record("added twice")
        } catch let error as StateError {
            #expect(error.code == .exists && error.message.contains("gatehouse secret rotate acme/signing"))
        }
        try fixture.rotate("acme/signing", overlap: .zero)
        _ = try fixture.store.revoke(StoreFixture.name("acme/signing"), at: fixture.clock.now)
        #expect(try fixture.add("acme/signing").version == 3)
    }

    @Test("rotating keeps the older versions for the overlap, to its very end")
    func rotation() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing", "the first secret value")
        let change = try fixture.rotate("acme/signing", "the second secret value", overlap: .seconds(60))
        #expect(change.version == 2 && change.retiring == [1] && change.acceptedUntil == fixture.clock.now + .seconds(60))
        #expect(try fixture.live("acme/signing").map(\.0) == [2, 1])
        fixture.clock.advance(.seconds(60) - .microseconds(1))
        #expect(try fixture.live("acme/signing").map(\.1) == ["the second secret value", "the first secret value"])
        fixture.clock.advance(.microseconds(1))
        #expect(try fixture.live("acme/signing").map(\.0) == [2])
        let status = try fixture.status("acme/signing")
        #expect(status.versions.map(\.state) == [.active, .retired])
        #expect(status.versions[1].ended == fixture.clock.now && status.versions[1].hasValue)
    }

    @Test("five versions may live at once, and an overlap that has begun is not made longer")
    func fiveVersions() throws {
        let fixture = try StoreFixture()
        try fixture.add("digital-river/signing")
        for number in 2...5 { #expect(try fixture.rotate("digital-river/signing", overlap: .seconds(100)).retiring == [number - 1]) }
        #expect(try fixture.live("digital-river/signing").map(\.0) == [5, 4, 3, 2, 1])
    }

    @Test("SEC-69: a rotation without overlap destroys every older value")
    func hardRotation() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        try fixture.rotate("acme/signing")
        let change = try fixture.rotate("acme/signing", overlap: .zero)
        #expect(change.ended == [2, 1])
        #expect(try fixture.live("acme/signing").map(\.0) == [3])
        #expect(try fixture.status("acme/signing").versions.map(\.state) == [.active, .revoked, .revoked])
    }

    @Test("rotating what has no live version is refused")
    func rotateNothing() throws {
        let fixture = try StoreFixture()
        #expect(code { try fixture.rotate("acme/signing") } == .unknown)
        #expect(code { _ = try fixture.store.status(StoreFixture.name("acme/signing"), at: fixture.clock.now) } == .unknown)
    }

    @Test("SEC-69: after revoke the sealed value is in no file of the state")
    func revoked() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        let sealed = try #require(try fixture.state.database.read { try CredentialRow.all($0) }.first?.sealed)
        func isAnywhere() throws -> Bool {
            try FileSystem.names(in: fixture.directory.path).contains { name in
                guard let bytes = try? TemporaryDirectory.contents(fixture.directory.file(name)) else { return false }
                return bytes.firstRange(of: sealed) != nil
            }
        }
        #expect(try isAnywhere())
        let change = try fixture.store.revoke(StoreFixture.name("acme/signing"), version: 1, at: fixture.clock.now)
        #expect(change.ended == [1])
        #expect(try !isAnywhere())
        #expect(try fixture.store.credentialSet().versions.isEmpty)
        #expect(try fixture.status("acme/signing").versions.map(\.state) == [.revoked])
    }

    @Test("SEC-66: a sealed value opens as the credential, kind and version it was sealed for, and as nothing else")
    func movedRow() throws {
        let key = try Secret(random: 32)
        let own = StoreFixture.name("acme/signing")
        let sealed = try SealedCredential.seal(Secret(utf8: "a value of some length"), key: key, name: own, version: 1)
        #expect(try SealedCredential(sealed, key: key, name: own, version: 1).open().text == "a value of some length")
        for (name, version) in [("evil/signing", 1), ("acme/basic", 1), ("acme/signing", 2), ("acme/signing", 11)] {
            #expect(throws: CryptoError.self) {
                try SealedCredential(sealed, key: key, name: StoreFixture.name(name), version: version).open()
            }
        }
        #expect(try SealedCredential.seal(Secret(utf8: "a value of some length"), key: key, name: own, version: 1) != sealed)
    }

    @Test("no value stands in clear in any file")
    func sealedAtRest() throws {
        let fixture = try StoreFixture()
        let values = ["acme/signing": "canary-signing-value", "acme/basic": "acme:canary-basic-value", "acme/oauth": "canary-oauth-value"]
        for (name, value) in values { try fixture.add(name, value) }
        for name in try FileSystem.names(in: fixture.directory.path) {
            guard let bytes = try? TemporaryDirectory.contents(fixture.directory.file(name)) else { continue }
            #expect(bytes.firstRange(of: Array("canary".utf8)) == nil, "\(name)")
        }
    }

    @Test("everything is there after a restart")
    func restart() throws {
        let directory = try TemporaryDirectory()
        do {
            let fixture = try StoreFixture(directory)
            try fixture.add("acme/signing", "the first secret value")
            try fixture.rotate("acme/signing", "the second secret value")
            try fixture.state.close()
        }
        let fixture = try StoreFixture(directory)
        #expect(try fixture.live("acme/signing").map(\.1) == ["the second secret value", "the first secret value"])
    }

    @Test("retire refuses a version in use, and says from where; force overrides and is told")
    func retiring() throws {
        let fixture = try StoreFixture()
        let name = StoreFixture.name("acme/signing")
        try fixture.add("acme/signing")
        try fixture.rotate("acme/signing")
        try fixture.use("acme/signing", 1, from: "203.0.113.7")
        fixture.clock.advance(.seconds(3_599))
        do {
            _ = try fixture.store.retire(name, version: 1, quiet: .seconds(3_600), at: fixture.clock.now)
            Issue.record("retired in use")
        } catch {
            #expect(error.code == .inUse && error.message.contains("203.0.113.7"))
        }
        #expect(try fixture.store.retire(name, version: 1, quiet: .seconds(3_600), force: true, at: fixture.clock.now).forced)
        #expect(try fixture.live("acme/signing").map(\.0) == [2])
        #expect(code { _ = try fixture.store.retire(name, version: 1, quiet: .zero, at: fixture.clock.now) } == .unknown)
        #expect(code { _ = try fixture.store.retire(name, version: 9, quiet: .zero, at: fixture.clock.now) } == .unknown)
        #expect(code { _ = try fixture.store.revoke(name, version: 9, at: fixture.clock.now) } == .unknown)
    }

    @Test("retire refuses a version that no newer one has taken over from, and the only active one; force overrides")
    func retiringTooEarly() throws {
        let fixture = try StoreFixture()
        let name = StoreFixture.name("acme/signing")
        func refusal(_ version: Int) -> String? {
            do {
                _ = try fixture.store.retire(name, version: version, quiet: .seconds(5), at: fixture.clock.now)
                return nil
            } catch {
                return error.code == .inUse ? error.message : nil
            }
        }
        try fixture.add("acme/signing")
        #expect(refusal(1)?.contains("no other version") == true)
        #expect(refusal(1)?.contains("nothing would be accepted without it") == true)
        try fixture.use("acme/signing", 1, from: "203.0.113.7")
        try fixture.rotate("acme/signing")
        fixture.clock.advance(.seconds(60))
        // Long quiet, but its successor was never used: the sender has not switched.
        #expect(refusal(1)?.contains("203.0.113.7") == true)
        #expect(refusal(1)?.contains("no newer version") == true)
        #expect(refusal(2)?.contains("when the last overlap ends") == true)
        try fixture.use("acme/signing", 2, from: "203.0.113.7")
        fixture.clock.advance(.seconds(60))
        #expect(refusal(2) != nil)
        #expect(try !fixture.store.retire(name, version: 1, quiet: .seconds(5), at: fixture.clock.now).forced)
        #expect(try fixture.store.retire(name, version: 2, quiet: .seconds(5), force: true, at: fixture.clock.now).forced)
        #expect(try fixture.live("acme/signing").isEmpty)
    }

    @Test("revoking every version names only those that were accepted until then")
    func revokingAll() throws {
        let fixture = try StoreFixture()
        let name = StoreFixture.name("acme/signing")
        try fixture.add("acme/signing")
        try fixture.rotate("acme/signing")
        _ = try fixture.store.retire(name, version: 1, quiet: .zero, at: fixture.clock.now)
        #expect(try fixture.store.revoke(name, at: fixture.clock.now).ended == [2])
        #expect(try fixture.status("acme/signing").versions.allSatisfy { $0.state == .revoked && !$0.hasValue })
    }

    @Test("a retired value is kept for a while, then destroyed")
    func keptRetired() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        try fixture.rotate("acme/signing", overlap: .seconds(60))
        #expect(try !fixture.store.expire(keep: .seconds(1_000), at: fixture.clock.now))
        fixture.clock.advance(.seconds(60))
        #expect(try fixture.store.expire(keep: .seconds(1_000), at: fixture.clock.now))
        #expect(try fixture.store.credentialSet()[StoreFixture.name("acme/signing")].map(\.state) == [.active, .retired])
        fixture.clock.advance(.seconds(1_000))
        #expect(try fixture.store.expire(keep: .seconds(1_000), at: fixture.clock.now))
        #expect(try fixture.store.credentialSet()[StoreFixture.name("acme/signing")].map(\.number) == [2])
        #expect(try fixture.status("acme/signing").versions.map(\.hasValue) == [true, false])
    }

    @Test("what ends next is done in its moment, also after a change of what is kept, and of the credentials")
    func nextEnd() throws {
        let fixture = try StoreFixture()
        func expires(_ keep: Duration) throws -> Bool { try fixture.store.expire(keep: keep, at: fixture.clock.now) }
        try fixture.add("acme/signing")
        #expect(try !expires(.seconds(1_000)))
        try fixture.rotate("acme/signing", overlap: .seconds(60))
        #expect(try !expires(.seconds(1_000)))
        fixture.clock.advance(.seconds(59))
        #expect(try !expires(.seconds(1_000)))
        fixture.clock.advance(.seconds(1))
        #expect(try expires(.seconds(1_000)))
        #expect(try !expires(.seconds(1_000)))
        #expect(try expires(.zero))
        #expect(try fixture.status("acme/signing").versions.map(\.hasValue) == [true, false])
        try fixture.rotate("acme/signing", overlap: .seconds(5))
        fixture.clock.advance(.seconds(5))
        #expect(try expires(.zero))
        #expect(try fixture.status("acme/signing").versions.map(\.hasValue) == [true, false, false])
        #expect(try !expires(.zero))
    }

    @Test("a value that is another sender's already is refused; after its revocation it is free")
    func sharedValue() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing", "a secret that two share")
        #expect(code { try fixture.add("other/signing", "a secret that two share") } == .value)
        #expect(code { try fixture.rotate("acme/signing", "a secret that two share") } == .value)
        _ = try fixture.store.revoke(StoreFixture.name("acme/signing"), at: fixture.clock.now)
        #expect(try fixture.add("other/signing", "a secret that two share").version == 1)
    }

    @Test("every change is told to observers after it is readable")
    func observers() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let seen = Mutex<[(UInt64, Int)]>([])
        store.observe { generation in
            let count = (try? store.credentialSet().versions.count) ?? -1
            seen.withLock { $0.append((generation, count)) }
        }
        try fixture.add("acme/signing")
        try fixture.add("acme/basic")
        #expect(seen.withLock { $0.map(\.0) } == [2, 3])
        #expect(seen.withLock { $0.map(\.1) } == [1, 2])
        #expect(store.generation == 3)
    }

    @Test("a value that was opened stays open in later sets")
    func openedValues() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        let first = try fixture.store.credentialSet()[StoreFixture.name("acme/signing")][0].value.open()
        try fixture.add("acme/basic")
        let second = try fixture.store.credentialSet()[StoreFixture.name("acme/signing")][0].value.open()
        #expect(first === second)
    }
}

@Suite("Use of credentials")
struct CredentialUseTests {
    @Test("uses add up over loops and restarts, with the last addresses")
    func uses() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        let start = fixture.clock.now
        var first = CredentialUses()
        var second = CredentialUses()
        for number in 0..<100 {
            let address = IPAddress(v4: 0xcb00_7100 + UInt32(number % 3))
            first.record(StoreFixture.name("acme/signing"), version: 1, at: start + .seconds(number), from: address)
            second.record(StoreFixture.name("acme/signing"), version: 1, at: start + .seconds(1_000 + number), from: address)
        }
        second.merge(first.take())
        #expect(first.isEmpty)
        try fixture.store.record(second.take())
        try fixture.use("acme/signing", 1, from: "2001:db8::1")
        try fixture.use("acme/signing", 7, from: "2001:db8::1")
        let version = try #require(try fixture.status("acme/signing").versions.first)
        #expect(version.uses == 201)
        #expect(version.firstUsed == start && version.lastUsed == start + .seconds(1_099))
        #expect(version.addresses.map(\.address) == ["203.0.113.0", "203.0.113.2", "203.0.113.1", "2001:db8::1"])
        #expect(version.addresses.map(\.uses) == [68, 66, 66, 1])
    }

    @Test("addresses are bounded: the last ones are kept")
    func manyAddresses() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        for number in 0..<100 {
            fixture.clock.advance(.seconds(1))
            try fixture.use("acme/signing", 1, from: "198.51.100.\(number)")
        }
        let version = try #require(try fixture.status("acme/signing").versions.first)
        #expect(version.addresses.count == CredentialUses.addressLimit)
        #expect(version.addresses.first?.address == "198.51.100.99")
        #expect(version.uses == 100)
    }

    @Test("of more addresses within one second, on several loops, the last ones are kept")
    func burst() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        let start = fixture.clock.now
        var loops = [CredentialUses(), CredentialUses()]
        for number in 0..<200 {
            let address = IPAddress(v4: 0xcb00_7100 + UInt32(number))
            loops[number % 2].record(StoreFixture.name("acme/signing"), version: 1, at: start + .milliseconds(number), from: address)
        }
        var merged = CredentialUses()
        for index in loops.indices { merged.merge(loops[index].take()) }
        try fixture.store.record(merged.take())
        let version = try #require(try fixture.status("acme/signing").versions.first)
        #expect(version.uses == 200)
        #expect(version.addresses.map(\.address) == (168..<200).reversed().map { "203.0.113.\($0)" })
    }

    @Test("a version is safe to retire when it was quiet and a newer one has been used since")
    func verdicts() throws {
        let fixture = try StoreFixture()
        try fixture.add("acme/signing")
        try fixture.rotate("acme/signing")
        let quiet = Duration.seconds(3_600)
        func verdicts() throws -> [CredentialStatus.Verdict] {
            let status = try fixture.status("acme/signing")
            return status.versions.map { status.verdict($0, quiet: quiet, at: fixture.clock.now) }
        }
        #expect(try verdicts() == [.neverUsed, .neverUsed])
        try fixture.use("acme/signing", 1, from: "203.0.113.7")
        #expect(try verdicts() == [.neverUsed, .inUse])
        fixture.clock.advance(quiet)
        #expect(try verdicts() == [.neverUsed, .inUse])
        try fixture.use("acme/signing", 2, from: "203.0.113.7")
        #expect(try verdicts() == [.inUse, .safeToRetire])
    }
}

extension StoreFixture {
    fileprivate func use(_ name: String, _ version: Int, from address: String) throws {
        var uses = CredentialUses()
        uses.record(Self.name(name), version: version, at: clock.now, from: try #require(IPAddress(address)))
        try store.record(uses.take())
    }
}
