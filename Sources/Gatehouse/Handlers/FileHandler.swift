import GatehouseState
import NIOCore
import Synchronization

/// Hands events over by appending them to a file: `file:PATH`, one ``EventLine`` each, synced before the sender is answered.
///
/// One thread writes. What arrives while it waits for the disk goes into the next write together, and under load it waits for more, so that
/// many events share one sync. The file is created with mode 0600 and found again after a rotation.
final class FileHandler: HandlerClient {
    /// Bodies that may wait for the disk; beyond them an event is answered with 503.
    static let waitingBytes = 64 * 1024 * 1024
    /// A write is closed when it is this long.
    private static let writeBytes = 4 * 1024 * 1024

    private let path: String
    private let mailbox = Mailbox<PendingHandOver, FileWriter>(gathering: Gathering(longest: Gathering.longest))
    private let waiting = WaitingBytes()
    private let thread: WriterThread

    var takesFields: Bool { false }

    /// Does not touch the file; the first event does.
    init(path: String) throws(StateError) {
        self.path = path
        let (mailbox, waiting) = (mailbox, waiting)
        thread = try WriterThread(name: "file", UncheckedTransfer(FileWriter(path: path))) { writer in
            var batch: [PendingHandOver] = []
            while mailbox.take(&batch, until: nil) {
                writer.write(batch, atMost: Self.writeBytes)
                waiting.count.subtract(batch.reduce(0) { $0 + Self.size(of: $1.event) }, ordering: .relaxed)
                batch.removeAll(keepingCapacity: true)
                for job in mailbox.takeJobs() { job(writer) }
            }
            for job in mailbox.takeJobs() { job(writer) }
        }
    }

    func handOver(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void
    ) {
        let pending = PendingHandOver(event, on: loop, deadline: deadline, lateUntil: lateUntil, completion: completion, late: late)
        let size = Self.size(of: event)
        guard waiting.count.add(size, ordering: .relaxed).newValue <= Self.waitingBytes else {
            waiting.count.subtract(size, ordering: .relaxed)
            return pending.finish(.busy("file: \(path): \(Self.waitingBytes >> 20) MiB wait for the disk already"))
        }
        if !mailbox.put(pending) { pending.finish(.unreachable("file: \(path) is closed")) }
    }

    private static func size(of event: HandOver) -> Int { event.body.readableBytes + 512 }

    deinit { mailbox.close() }

    /// Writes what waits, then ends the thread.
    func shutDown() async {
        await withCheckedContinuation { continuation in
            let isTaken = mailbox.put { _ in continuation.resume() }
            mailbox.close()
            if !isTaken { continuation.resume() }
        }
    }
}

private final class WaitingBytes: Sendable {
    let count = Atomic(0)
}

/// The thread's own part: the file, and the lines on their way into it.
private final class FileWriter {
    private var file: AppendFile
    private var lines: [UInt8] = []

    init(path: String) { file = AppendFile(path: path) }

    /// Writes and syncs `batch` in its order, in pieces of about `limit` bytes, and ends each event's hand-over with its piece.
    func write(_ batch: [PendingHandOver], atMost limit: Int) {
        var rest = batch[...]
        while !rest.isEmpty {
            lines.removeAll(keepingCapacity: lines.capacity <= 2 * limit)
            let start = rest.startIndex
            while let next = rest.first, lines.count < limit {
                EventLine.append(next.event, to: &lines)
                rest = rest.dropFirst()
            }
            PendingHandOver.finish(batch[start..<rest.startIndex], append())
        }
    }

    private func append() -> HandOverResult {
        do {
            try file.append(lines)
            return .answered(HandlerAnswer(status: 200))
        } catch {
            return .unreachable("file: \(error)")
        }
    }
}
