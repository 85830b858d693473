import Glibc
import NIOCore

/// The three pipes of a child process.
struct Pipes: ~Copyable {
    var input: Pipe
    var output: Pipe
    var errors: Pipe

    static func make() throws(SpawnError) -> Pipes {
        Pipes(input: try Pipe.make(.toChild), output: try Pipe.make(.fromChild), errors: try Pipe.make(.fromChild))
    }

    mutating func closeTheirs() {
        input.theirs.close()
        output.theirs.close()
        errors.theirs.close()
    }
}

/// Writes a child's input and reads its output and errors, all at once, so that neither side waits for the other.
struct Exchange: ~Copyable {
    private(set) var output: Collected
    private(set) var errors: Collected
    private var pipes: Pipes
    private var input: ByteBuffer

    init(pipes: consuming Pipes, input: ByteBuffer, outputLimit: Int, errorLimit: Int) {
        self.pipes = pipes
        self.input = input
        output = Collected(limit: outputLimit)
        errors = Collected(limit: errorLimit)
    }

    /// True once the process has ended (and what it wrote was read); false when the deadline passed first.
    mutating func run(until deadline: NIODeadline, exit: borrowing Descriptor) -> Bool {
        while true {
            if input.readableBytes == 0 { pipes.input.ours.close() }
            let remaining = (deadline - .now()).nanoseconds
            guard remaining > 0 else { return false }
            // A negative number in the array is skipped by poll.
            var polled = [
                pollfd(fd: exit.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes.input.ours.number, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: pipes.output.ours.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes.errors.ours.number, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, nfds_t(polled.count), CInt(clamping: (remaining + 999_999) / 1_000_000))
            guard ready > 0 else {
                guard ready == 0 || errno == EINTR else { return false }
                continue
            }
            if polled[1].revents != 0 { writeInput() }
            if polled[2].revents != 0 { output.read(from: &pipes.output.ours, atMost: Self.pieces) }
            if polled[3].revents != 0 { errors.read(from: &pipes.errors.ours, atMost: Self.pieces) }
            if polled[0].revents != 0 {
                output.read(from: &pipes.output.ours, atMost: Self.pieces)
                errors.read(from: &pipes.errors.ours, atMost: Self.pieces)
                return true
            }
        }
    }

    private mutating func writeInput() {
        let written = input.withUnsafeReadableBytes { write(pipes.input.ours.number, $0.baseAddress, $0.count) }
        if written > 0 {
            input.moveReaderIndex(forwardBy: written)
        } else if errno != EAGAIN, errno != EINTR {
            // EPIPE: the program does not want the rest, which is its right.
            pipes.input.ours.close()
            input.clear()
        }
    }

    /// What a pipe holds at most (64 KiB), in reads of 4 KiB.
    private static let pieces = 16
}

/// The first bytes of a stream; those after them are read and dropped, so that the writer never waits.
struct Collected {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Reads until nothing is left for now, the end (which closes the descriptor), or `pieces` reads.
    mutating func read(from descriptor: inout Descriptor, atMost pieces: Int) {
        guard descriptor.isOpen else { return }
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            for _ in 0..<pieces {
                let count = Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
                if count > 0 {
                    bytes.append(contentsOf: buffer[..<min(count, max(limit - bytes.count, 0))])
                } else if count == 0 || errno != EINTR {
                    if count == 0 || errno != EAGAIN { descriptor.close() }
                    return
                }
            }
        }
    }
}
