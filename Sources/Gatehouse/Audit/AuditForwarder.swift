import Dispatch
import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import Logging
import Synchronization

/// Copies the audit log, as it grows, to one destination.
///
/// It reads what is synced from the log's own files, a bounded piece at a time, so nothing waits for it and it queues nothing in memory. How
/// far it got is kept in the state. A syslog receiver acknowledges nothing: a record counts as delivered only when the other side's TCP has
/// taken it and as much after it as a receive buffer holds, or when that TCP ended the connection in order. Where it breaks, what came
/// after is sent again. So each record is read at least once, and its `seq` tells repetitions.
final class AuditForwarder: Sendable {
    let forward: AuditForward
    private let state: State
    private let journal: Journal
    private let log: Logger
    private let clock = SystemClock()
    /// Reads and saves wait for the disk, and must not do it on a thread of Swift's pool.
    private let queue: DispatchQueue
    private let status: Mutex<Status>
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let isStopping = Atomic(false)

    struct Status: Sendable {
        /// The last record that counts as delivered: what comes after it is sent again on the next connection.
        var delivered: UInt64
        /// The last that the other side took a while ago. It may wait there unread, as long as the receiver hangs.
        var settled: UInt64
        /// The last that was sent.
        var sent: UInt64
        var saved: UInt64
        var nextSave = MonotonicTime(nanoseconds: 0)
        var records: UInt64 = 0
        var connections: UInt64 = 0
        var isConnected = false
        var problem: String?
        /// Since when something waits that was not delivered.
        var behindSince: MonotonicTime?
    }

    static let pieceBytes = 256 << 10
    /// How long a connection must live on after the other side took a record.
    static let settling: UInt64 = 2_000_000_000

    init(_ forward: AuditForward, state: State, journal: Journal, log: Logger) throws(StateError) {
        self.forward = forward
        self.state = state
        self.journal = journal
        self.log = log
        queue = DispatchQueue(label: "forward", qos: .utility)
        let head = journal.head.sequence
        let known = try state.forwarded(to: forward.description)
        // A new destination gets the whole log. What it got before the state was put back to an older copy may be more than there is.
        let start = min(known ?? 0, head)
        if known != start { try state.save(forwarded: start, to: forward.description) }
        status = Mutex(Status(delivered: start, settled: start, sent: start, saved: start))
    }

    func start() {
        let running = Task { await run() }
        task.withLock { $0 = running }
    }

    /// Sends what is written, waiting a little for the other side, and ends.
    func stop() async {
        isStopping.store(true, ordering: .relaxed)
        let running = task.withLock { $0 }
        let patience: Duration = current.isConnected ? .seconds(3) : .milliseconds(300)
        let limit = Task {
            try? await Task.sleep(for: patience)
            running?.cancel()
        }
        await running?.value
        limit.cancel()
    }

    var current: Status { status.withLock { $0 } }

    /// Records that the destination does not have yet.
    var behind: UInt64 {
        let head = journal.head.sequence
        let sent = current.sent
        return head > sent ? head - sent : 0
    }

    /// For `status`: not where it is only a moment behind.
    var warning: String? {
        let status = current
        let behind = behind
        guard behind > 0, let since = status.behindSince, clock.monotonic - since > .seconds(5) || status.problem != nil else { return nil }
        return "audit.forward: \(forward) is \(behind) record\(behind == 1 ? "" : "s") behind"
            + (status.problem.map { ": \($0)" } ?? ", it takes them more slowly than they come")
    }

    // MARK: The loop

    private func run() async {
        var pause = Self.firstPause
        while !Task.isCancelled {
            let before = current.connections
            do {
                try await copy()
                break
            } catch is CancellationError {
                break
            } catch {
                note("\(error)")
            }
            if isStopping.load(ordering: .relaxed) { break }
            // Some may connect at once after an outage; jitter keeps many gateways from doing it in step.
            if current.connections > before { pause = Self.firstPause }
            try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
            pause = min(pause * 2, Self.longestPause)
        }
        await save()
    }

    private static let firstPause = Duration.milliseconds(500)
    private static let longestPause = Duration.seconds(5)

    /// Until the end of the gateway, or of the connection.
    private func copy() async throws {
        markBehind()
        let sink = try await open()
        status.withLock {
            $0.isConnected = true
            $0.connections += 1
            $0.problem = nil
            $0.sent = $0.delivered
        }
        log.info("audit records are forwarded", metadata: ["to": "\(forward)", "after": "\(current.delivered)"])
        var pieces = SentPieces()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await copy(to: sink, &pieces)) } catch { outcome = .failure(error) }
        status.withLock { $0.isConnected = false }
        let isRead = await sink.close()
        status.withLock {
            if isRead, let last = pieces.acknowledged { $0.delivered = last }
            ($0.sent, $0.settled) = ($0.delivered, $0.delivered)
        }
        try outcome.get()
    }

    private func open() async throws -> any ForwardSink {
        switch forward.target {
        case .syslog(let host, let port): return try await SyslogSink(host: host, port: port, ca: forward.ca)
        case .file(let path):
            try await resume(after: path)
            let sink = FileSink(path: path)
            try await sink.begin()
            return sink
        }
    }

    /// What the file holds already, though a crash kept it from being noted, is not appended again.
    private func resume(after path: String) async throws {
        guard let last = FileSink.lastRecord(of: path), last.sequence > current.delivered, last.sequence <= journal.head.sequence else {
            return
        }
        let directory = state.auditDirectory
        let isOurs = try await onQueue {
            var hash: SHA256Value?
            try AuditLog(directory: directory).forEachLine(after: last.sequence - 1, through: last.sequence) { line in
                hash = line.hash
                return false
            }
            return hash == last.hash
        }
        if isOurs { status.withLock { ($0.delivered, $0.settled) = (last.sequence, last.sequence) } }
    }

    private func copy(to sink: any ForwardSink, _ pieces: inout SentPieces) async throws {
        var cursor = LogCursor(AuditLog(directory: state.auditDirectory), after: current.delivered)
        while true {
            try Task.checkCancellation()
            let (next, piece, count) = try await read(cursor, sink)
            cursor = next
            if count > 0 {
                try await sink.send(piece)
                pieces.append(piece.count, through: cursor.sequence)
                status.withLock {
                    $0.sent = max($0.sent, cursor.sequence)
                    $0.records += UInt64(count)
                }
            }
            await settle(&pieces, sink)
            markBehind()
            if clock.monotonic >= current.nextSave { await save() }
            guard sink.isOpen else { throw GatewayError(.control, "the receiver closed the connection") }
            guard count == 0 else { continue }
            if isStopping.load(ordering: .relaxed), cursor.sequence >= journal.head.sequence, pieces.areAcknowledged { return }
            try await Task.sleep(for: isStopping.load(ordering: .relaxed) ? .milliseconds(20) : .milliseconds(200))
        }
    }

    private func read(_ cursor: LogCursor, _ sink: any ForwardSink) async throws -> (LogCursor, [UInt8], Int) {
        let last = journal.head.sequence
        guard cursor.sequence < last else { return (cursor, [], 0) }
        return try await onQueue {
            var cursor = cursor
            var output: [UInt8] = []
            let count = try cursor.read(through: last, bytes: Self.pieceBytes) { sink.append($0, to: &output) }
            return (cursor, output, count)
        }
    }

    /// Counts as delivered what is so by now.
    private func settle(_ pieces: inout SentPieces, _ sink: any ForwardSink) async {
        guard let doubt = await sink.doubt(), sink.isOpen else { return }
        let patience: UInt64 = if case .file = forward.target { 0 } else { Self.settling }
        let delivered = pieces.settle(doubt, patience: patience, at: clock.monotonic)
        status.withLock { status in
            if let delivered { status.delivered = delivered }
            if let settled = pieces.settled { status.settled = settled }
        }
    }

    private func markBehind() {
        let head = journal.head.sequence
        let now = clock.monotonic
        status.withLock { status in
            if status.sent >= head { status.behindSince = nil } else if status.behindSince == nil { status.behindSince = now }
        }
    }

    private func note(_ problem: String) {
        let isNew = status.withLock { status in
            defer { status.problem = problem }
            return status.problem != problem
        }
        markBehind()
        if isNew { log.warning("audit records cannot be forwarded for now", metadata: ["to": "\(forward)", "error": "\(problem)"]) }
    }

    private func save() async {
        let status = current
        guard status.delivered != status.saved else { return }
        let state = state
        let name = forward.description
        do {
            try await onQueue { try state.save(forwarded: status.delivered, to: name) }
            let next = MonotonicTime(nanoseconds: clock.monotonic.nanoseconds + 1_000_000_000)
            self.status.withLock {
                $0.saved = status.delivered
                $0.nextSave = next
            }
        } catch {
            note("how far it got could not be stored: \(error)")
        }
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in queue.async { continuation.resume(with: Result { try work() }) } }
    }
}
