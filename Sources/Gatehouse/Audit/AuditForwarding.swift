import GatehousePolicy
import GatehouseState
import Logging
import Synchronization

/// The forwarders that policy asks for. ``apply(_:state:journal:log:)`` and ``stop()`` are called one at a time, the rest from anywhere.
final class AuditForwarding: Sendable {
    private let running = Mutex<[AuditForwarder]>([])

    var forwarders: [AuditForwarder] { running.withLock { $0 } }

    /// Starts the new ones, and ends those that policy no longer names.
    func apply(_ wanted: [AuditForward], state: State, journal: Journal, log: Logger) async {
        let before = forwarders
        for forwarder in before where !wanted.contains(forwarder.forward) { await forwarder.stop() }
        var next = before.filter { wanted.contains($0.forward) }
        for forward in wanted where !next.contains(where: { $0.forward == forward }) {
            do throws(StateError) {
                let forwarder = try AuditForwarder(forward, state: state, journal: journal, log: log)
                forwarder.start()
                next.append(forwarder)
            } catch {
                log.error("audit records are not forwarded", metadata: ["to": "\(forward)", "error": "\(error)"])
            }
        }
        running.withLock { [next] in $0 = next }
    }

    func stop() async {
        for forwarder in forwarders { await forwarder.stop() }
    }

    /// The first record that one of the destinations has yet to take; nil where there are none. What it took and may not have read yet is
    /// no reason to keep old records for good, where few new ones come.
    var needed: UInt64? { forwarders.map { $0.current.settled + 1 }.min() }

    var warnings: [String] { forwarders.compactMap(\.warning) }
}
