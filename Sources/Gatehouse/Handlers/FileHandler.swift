import CLinux
import NIOCore
import NIOPosix
import Synchronization

/// Hands events over by appending them to a file: `file:PATH`, one ``EventLine`` each, synced before the sender is answered.
///
/// One thread writes. What arrives while it waits for the disk goes into the next write together, so that many events share one sync. The
/// file is created with mode 0600 and found again after a rotation.
final class FileHandler: HandlerClient {
    /// Bodies that may wait for the disk; beyond them an event is answered with 503.
    static let waitingBytes = 64 * 1024 * 1024
    /// A batch is closed when it is this long.
    private static let batchBytes = 4 * 1024 * 1024

    private let path: String
    private let file: Mutex<AppendFile>
    private let queue = Mutex(Queue())
    private let thread: NIOThreadPool

    private struct Queue {
        var waiting = CircularBuffer<PendingHandOver>()
        var bytes = 0
        /// The thread has been told, and will look again before it rests.
        var isWriting = false
    }

    /// Does not touch the file; the first event does.
    init(path: String) {
        self.path = path
        file = Mutex(AppendFile(path: path))
        thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in clinux_take_short_slices() }
    }

    func handOver(
        _ event: HandOver, on loop: any EventLoop, deadline: NIODeadline, lateUntil: NIODeadline,
        completion: @escaping (HandOverResult) -> Void, late: @escaping (HandlerAnswer) -> Void
    ) {
        let pending = PendingHandOver(event, on: loop, deadline: deadline, lateUntil: lateUntil, completion: completion, late: late)
        let size = Self.size(of: event)
        let admission = queue.withLock { queue -> Admission in
            guard queue.bytes + size <= Self.waitingBytes else { return .refused }
            queue.bytes += size
            queue.waiting.append(pending)
            defer { queue.isWriting = true }
            return queue.isWriting ? .queued : .first
        }
        switch admission {
        case .refused: pending.finish(.answered(HandlerAnswer(status: 503)))
        case .queued: break
        case .first:
            thread.submit { [self] state in
                if state == .active { writeAll() } else { refuseAll() }
            }
        }
    }

    /// Writes what waits, then ends the thread.
    func shutDown() async {
        await withCheckedContinuation { continuation in
            thread.submit { _ in continuation.resume() }
        }
        try? await thread.shutdownGracefully()
    }

    private enum Admission { case first, queued, refused }

    private static func size(of event: HandOver) -> Int { event.body.readableBytes + 512 }

    private func writeAll() {
        while let batch = nextBatch() {
            var lines: [UInt8] = []
            for pending in batch { EventLine.append(pending.event, to: &lines) }
            let result: HandOverResult
            do {
                try file.withLock { file throws(FileProblem) in try file.append(lines) }
                result = .answered(HandlerAnswer(status: 200))
            } catch {
                result = .unreachable("file: \(error)")
            }
            for pending in batch { pending.finish(result) }
        }
    }

    /// Events in the order they came; nil where none waits, and the thread will have to be told of the next.
    private func nextBatch() -> [PendingHandOver]? {
        queue.withLock { queue in
            var batch: [PendingHandOver] = []
            var bytes = 0
            while bytes < Self.batchBytes, let pending = queue.waiting.popFirst() {
                let size = Self.size(of: pending.event)
                queue.bytes -= size
                bytes += size
                batch.append(pending)
            }
            if batch.isEmpty { queue.isWriting = false }
            return batch.isEmpty ? nil : batch
        }
    }

    private func refuseAll() {
        while let batch = nextBatch() {
            for pending in batch { pending.finish(.unreachable("file: \(path) is closed")) }
        }
    }
}
