import CLinux
import Foundation

/// A descriptor that no child process inherits, closed when this value goes.
final class OpenFile: Sendable {
    let number: Int32

    struct Failure: Error {
        var message: String
    }

    convenience init(_ path: String, _ flags: Int32) throws {
        try self.init(open(path, flags | O_CLOEXEC, 0o600), what: path)
    }

    private init(_ number: Int32, what: String) throws {
        guard number >= 0 else { throw Failure(message: "\(what): \(String(cString: strerror(errno)))") }
        self.number = number
    }

    deinit { close(number) }

    /// A pipe's two ends: what is written to `ours` is read from `theirs`.
    static func pipe() throws -> (theirs: OpenFile, ours: OpenFile) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw Failure(message: "pipe: \(String(cString: strerror(errno)))") }
        return (try OpenFile(ends[0], what: "pipe"), try OpenFile(ends[1], what: "pipe"))
    }

    /// Writes to a pipe that nobody reads yet; throws rather than waits where it cannot hold so much.
    func fill(_ text: String) throws {
        var text = text
        let (written, count) = text.withUTF8 { bytes in
            guard bytes.count <= PIPE_BUF else { return (-1, bytes.count) }
            return (write(number, bytes.baseAddress, bytes.count), bytes.count)
        }
        guard written == count else { throw Failure(message: "\(count) bytes are more than a pipe is sure to hold") }
    }
}
