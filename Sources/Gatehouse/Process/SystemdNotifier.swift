package import GatehouseTime
import Glibc

/// Tells a service manager how the gateway is (sd_notify(3)): `Type=notify` and `Type=notify-reload`. Without one that listens, nothing
/// happens.
package struct SystemdNotifier: Sendable {
    /// A path, or a name in the abstract namespace after `@`.
    private let address: String?

    /// - Parameter address: `NOTIFY_SOCKET` of the environment.
    package init(address: String? = getenv("NOTIFY_SOCKET").map { String(cString: $0) }) {
        self.address = address.flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    }

    /// Requests are being served, after a start or a reload.
    package func ready(status: String? = nil) { send(["READY=1"], status: status) }

    /// A reload has begun; ``ready(status:)`` ends it, whether it took effect or not.
    package func reloading(at time: MonotonicTime = SystemClock().monotonic) {
        send(["RELOADING=1", "MONOTONIC_USEC=\(time.nanoseconds / 1_000)"], status: nil)
    }

    /// The gateway drains and will end.
    package func stopping(status: String? = nil) { send(["STOPPING=1"], status: status) }

    /// One line of what it is doing, shown by `systemctl status`.
    package func status(_ text: String) { send([], status: text) }

    private func send(_ lines: [String], status: String?) {
        guard let address else { return }
        var message: [UInt8] = []
        for line in lines { message.append(contentsOf: "\(line)\n".utf8) }
        if let status {
            message.append(contentsOf: "STATUS=".utf8)
            EscapedText.append(status, quotes: false, to: &message, limit: 512)
            message.append(UInt8(ascii: "\n"))
        }
        let socket = Descriptor(Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        guard socket.isOpen, var target = UnixAddress(address) else { return }
        // A manager that does not read must not stop the gateway.
        _ = target.withPointer { sendto(socket.number, message, message.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT), $0, $1) }
    }
}
