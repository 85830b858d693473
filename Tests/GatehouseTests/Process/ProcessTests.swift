import CLinux
import GatehouseTime
import Glibc
import Testing

@testable import Gatehouse

@Suite("the process")
struct ProcessTests {
    @Test("SEC-92: memory, core files, privileges and file modes are closed before secrets are read")
    func hardening() throws {
        _ = try ProcessHardening.apply()
        #expect(clinux_get_dumpable() == 0)
        #expect(clinux_get_no_new_privileges() == 1)
        var core = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
        #expect(core.rlim_cur == 0 && core.rlim_max == 0)
        let mask = umask(0o077)
        #expect(mask == 0o077)
    }

    @Test("SEC-92: running as root is warned about")
    func root() {
        #expect(ProcessHardening.warnings(user: 0).count == 1)
        #expect(ProcessHardening.warnings(user: 1_000).isEmpty)
    }

    @Test("SEC-94: predictable hashing is refused", arguments: ["1", "0", ""])
    func hashing(value: String) throws {
        #expect(throws: HardeningError.self) { try ProcessHardening.checkEnvironment(hashing: value) }
        try ProcessHardening.checkEnvironment(hashing: nil)
    }

    @Test("the descriptor limit is raised to what is allowed, and a lack of it names the command to run")
    func descriptors() throws {
        #expect(DescriptorLimit.needed(for: 10_000) == 12_048)
        #expect(DescriptorLimit.raise(for: 1) == .enough(limit: DescriptorLimit.current.hard))
        guard case .tooLow(1_024, 12_048, let advice) = DescriptorLimit.judge(limit: 1_024, needed: 12_048, connections: 10_000) else {
            Issue.record("1024 is not enough")
            return
        }
        #expect(advice.contains("`ulimit -n 12048`"))
        #expect(advice.contains("LimitNOFILE=12048"))
    }

    @Test("the service manager hears of each change", arguments: [false, true])
    func systemd(abstract: Bool) throws {
        let folder = try ScratchFolder()
        let name = abstract ? "@\(folder.path)" : folder.file("notify")
        let manager = Descriptor(socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0))
        var address = try #require(UnixAddress(name))
        #expect(address.withPointer { bind(manager.number, $0, $1) } == 0)
        manager.setTimeouts(.seconds(10))

        let notifier = SystemdNotifier(address: name)
        notifier.ready(status: "serving\n2 endpoints")
        notifier.reloading(at: MonotonicTime(nanoseconds: 5_000_999))
        notifier.stopping()
        notifier.status("draining")
        let messages = (0..<4).map { _ in
            var buffer = [UInt8](repeating: 0, count: 1_024)
            let count = recv(manager.number, &buffer, buffer.count, 0)
            return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        }
        #expect(
            messages == [
                "READY=1\nSTATUS=serving\\n2 endpoints\n", "RELOADING=1\nMONOTONIC_USEC=5000\n", "STOPPING=1\n", "STATUS=draining\n",
            ])
    }

    @Test(
        "without a service manager nothing happens",
        arguments: [nil, "", "relative", "/nowhere/notify", "/" + String(repeating: "x", count: 200)])
    func noManager(address: String?) {
        SystemdNotifier(address: address).ready()
    }
}
