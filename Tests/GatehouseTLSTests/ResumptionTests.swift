import GatehouseCrypto
import GatehouseTime
import Synchronization
import Testing

@testable import GatehouseTLS

@Suite struct ResumptionTests {
    private let files: TestFiles
    private let tickets = TicketKeys()

    init() throws { files = try TestFiles() }

    private static let versions = ["-tls1_2", "-tls1_3"]

    private func context(_ identities: [TLSServerConfiguration.Identity], listener: String = "0.0.0.0:8443", crl: String? = nil) throws
        -> TLSServerContext
    {
        try TLSServerContext(files.configuration(identities, listener: listener, crl: crl), tickets: tickets)
    }

    /// A session made with `first` is brought to a server that has become `second` meanwhile.
    private func resumes(
        _ version: String, from first: TLSServerContext, _ arguments: [String] = [], to second: TLSServerContext,
        _ laterArguments: [String]? = nil
    ) async throws -> TLSSessionInfo {
        let server = try await TestServer(first)
        let file = files.path("session\(version)")
        _ = try await SClient.connect(server.port, [version, "-sess_out", file] + arguments)
        #expect(await server.connection().session?.resumed == false)
        server.reload(second)
        _ = try await SClient.connect(server.port, [version, "-sess_in", file] + (laterArguments ?? arguments))
        let session = try #require(await server.connection().session)
        await server.stop()
        return session
    }

    @Test("a session is resumed where it was made", arguments: versions)
    func resumption(_ version: String) async throws {
        let server = try context([files.server("a", names: ["a.test"])])
        #expect(try await resumes(version, from: server, ["-servername", "a.test"], to: server).resumed)
    }

    @Test("SEC-4: a reload keeps sessions, also one that renews the certificate or moves it in the list", arguments: versions)
    func reload(_ version: String) async throws {
        let a = try files.server("a", names: ["a.test"])
        let b = try files.server("b", names: ["b.test"])
        let first = try context([a, b])
        let renewed = try files.server("renewed", names: ["b.test"])
        #expect(try await resumes(version, from: first, ["-servername", "b.test"], to: context([renewed, a])).resumed)
    }

    @Test("SEC-3: a session made under one name does not open another", arguments: versions)
    func names(_ version: String) async throws {
        let server = try context([files.server("a", names: ["a.test"]), files.server("b", names: ["b.test"])])
        let there = try await resumes(version, from: server, ["-servername", "a.test"], to: server, ["-servername", "b.test"])
        #expect(!there.resumed && there.identity == 1)
        let back = try await resumes(version, from: server, ["-servername", "b.test"], to: server, ["-servername", "a.test"])
        #expect(!back.resumed && back.identity == 0)
    }

    @Test(
        "SEC-3: a session made without a certificate does not open a name that asks for one, nor the same name once it does",
        arguments: versions)
    func certificates(_ version: String) async throws {
        let open = try files.server("a", names: ["a.test"])
        var guarded = try files.server("b", names: ["b.test"], clientCA: files.path("client-ca.pem"))
        let server = try context([open, guarded])
        #expect(try await !resumes(version, from: server, ["-servername", "a.test"], to: server, ["-servername", "b.test"]).resumed)
        let before = try context([open])
        var asking = open
        asking.clientCAFile = files.path("client-ca.pem")
        #expect(try await !resumes(version, from: before, ["-servername", "a.test"], to: context([asking])).resumed)
        // … and one made for another authority does not either.
        let first = try context([open, guarded])
        guarded.clientCAFile = files.path("server-ca.pem")
        let client = try files.client("acme")
        #expect(
            try await !resumes(
                version, from: first, ["-servername", "b.test"] + client, to: context([open, guarded]), ["-servername", "b.test"]
            ).resumed)
    }

    @Test("SEC-3: a session keeps its client certificate, and ends with a new revocation list", arguments: versions)
    func revocation(_ version: String) async throws {
        let identity = try files.server("a", names: ["a.test"], clientCA: files.path("client-ca.pem"))
        let client = ["-servername", "a.test"] + (try files.client("acme"))
        let server = try context([identity], crl: try files.revocationList("crl.pem"))
        let resumed = try await resumes(version, from: server, client, to: server)
        #expect(resumed.resumed)
        #expect(resumed.clientCertificate?.subject.description == "CN=acme")
        let later = try context([identity], crl: try files.revocationList("later.pem", revoking: [], nextUpdate: .seconds(90_000)))
        #expect(try await !resumes(version, from: server, client, to: later).resumed)
    }

    @Test("SEC-3: a session of one listener is a stranger to another", arguments: versions)
    func listeners(_ version: String) async throws {
        let identity = try files.server("a", names: ["a.test"])
        #expect(try await !resumes(version, from: context([identity]), to: context([identity], listener: "0.0.0.0:9443")).resumed)
    }

    @Test("SEC-4: another process's keys open no ticket", arguments: versions)
    func strangers(_ version: String) async throws {
        let configuration = files.configuration([try files.server("a", names: ["a.test"])])
        let other = try TLSServerContext(configuration, tickets: TicketKeys())
        #expect(try await !resumes(version, from: TLSServerContext(configuration, tickets: tickets), to: other).resumed)
    }

    private final class ManualClock: GatewayClock {
        private let time = Mutex<UInt64>(1)
        var now: WallTime { WallTime(seconds: 0) }
        var monotonic: MonotonicTime { MonotonicTime(nanoseconds: time.withLock { $0 }) }
        func advance(hours: UInt64) { time.withLock { $0 += hours * 3_600_000_000_000 } }
    }

    @Test("SEC-4: ticket keys rotate, and the previous one still opens tickets for one turn", arguments: versions)
    func rotation(_ version: String) async throws {
        let clock = ManualClock()
        let configuration = files.configuration([try files.server("a", names: ["a.test"])])
        let server = try await TestServer(
            TLSServerContext(configuration, tickets: TicketKeys(clock: clock, rotateEvery: .seconds(12 * 3_600))))
        let file = files.path("rotating")
        func connect(_ arguments: [String]) async throws -> Bool? {
            _ = try await SClient.connect(server.port, [version] + arguments)
            return await server.connection().session?.resumed
        }
        #expect(try await connect(["-sess_out", file]) == false)
        clock.advance(hours: 13)
        #expect(try await connect(["-sess_in", file]) == true)
        clock.advance(hours: 13)
        #expect(try await connect(["-sess_in", file]) == false)
        await server.stop()
    }
}
