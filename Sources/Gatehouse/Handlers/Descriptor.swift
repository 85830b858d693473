import CLinux
import Glibc

/// A file descriptor that is closed with its value.
struct Descriptor: ~Copyable {
    private(set) var number: CInt

    /// - Parameter number: negative where there is none.
    init(_ number: CInt) { self.number = number }

    var isOpen: Bool { number >= 0 }

    mutating func close() {
        guard number >= 0 else { return }
        _ = Glibc.close(number)
        number = -1
    }

    /// The number, for another owner who closes it.
    consuming func release() -> CInt {
        let released = number
        number = -1
        return released
    }

    deinit {
        if number >= 0 { _ = Glibc.close(number) }
    }

    /// Operations that would wait fail with EAGAIN instead.
    func makeNonblocking() {
        let flags = fcntl(number, F_GETFL)
        _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
    }

    /// Of a socket: a read or write that takes longer fails with EAGAIN.
    func setTimeouts(_ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: suseconds_t(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }
}

/// A pipe between this process and a child. Neither end is inherited as it is.
struct Pipe: ~Copyable {
    /// Our end does not block.
    var ours: Descriptor
    var theirs: Descriptor

    enum Direction { case toChild, fromChild }

    static func make(_ direction: Direction) throws(SpawnError) -> Pipe {
        var ends: [CInt] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw SpawnError(message: "could not make a pipe: \(String(cString: strerror(errno)))") }
        let reads = direction == .fromChild
        let pipe = Pipe(ours: Descriptor(reads ? ends[0] : ends[1]), theirs: Descriptor(reads ? ends[1] : ends[0]))
        // Numbers up to 2 would be overwritten by one another when the child's standard descriptors are put in place.
        guard pipe.ours.number > STDERR_FILENO, pipe.theirs.number > STDERR_FILENO else {
            throw SpawnError(message: "standard input, output or error of the gateway itself is closed")
        }
        pipe.ours.makeNonblocking()
        return pipe
    }
}
