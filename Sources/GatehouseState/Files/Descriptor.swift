#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What errno says, as text.
func systemMessage(_ number: Int32) -> String {
    var text = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// An open file, closed with its last reference. Safe to read from several threads: every operation names its offset.
final class Descriptor: Sendable {
    let number: Int32
    let path: String

    /// Opens close-on-exec; `mode` counts for a file that is created.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(StateError) {
        let number = retrying { open(path, flags | O_CLOEXEC, mode) }
        guard number >= 0 else { throw .system(path, "open", errno) }
        self.number = number
        self.path = path
    }

    /// Takes over a descriptor that is open.
    init(adopting number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    deinit { close(number) }

    func size() throws(StateError) -> Int {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .system(path, "examine", errno) }
        return Int(status.st_size)
    }

    /// Fills `bytes` from `offset`; a file that ends before is `damaged`.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(StateError) {
        let count = try readSome(into: bytes, at: offset)
        guard count == bytes.count else { throw StateError(.damaged, "\(path): ends at byte \(offset + count), where more was written") }
    }

    /// Reads as far as the file goes; the number of bytes read.
    func readSome(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(StateError) -> Int {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = retrying { pread(number, base + done, bytes.count - done, off_t(offset + done)) }
            guard count >= 0 else { throw .system(path, "read", errno) }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StateError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = retrying { pwrite(number, base + done, bytes.count - done, off_t(offset + done)) }
            guard count > 0 else { throw .system(path, "write", count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// On return the content and size of the file are durable. After a failure they may be lost although they can still be read, so
    /// the caller gives this file up and writes another (SEC-73).
    func sync() throws(StateError) {
        guard retrying({ fdatasync(number) }) == 0 else { throw .system(path, "sync", errno) }
    }
}

/// Calls again while a signal interrupts.
func retrying<Result: BinaryInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result == -1, errno == EINTR { continue }
        return result
    }
}
