import GatehouseCrypto

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The few things commands do with files. Every failure names the file and says why.
enum Files {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// A whole file, or standard input for `-`. Refuses more than `limit` bytes, so that a wrong name (a disk, a log) is noticed.
    static func read(_ path: String, limit: Int = 64 * 1024 * 1024) throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("\(path) cannot be read: \(reason())") }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure("\(shown(path)) cannot be read: \(reason())") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw CommandFailure("\(shown(path)) is larger than \(limit) bytes") }
            bytes += chunk.prefix(count)
        }
    }

    /// Replaces the file whole: written beside it, synced, renamed.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(CommandFailure) {
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw CommandFailure("\(fresh) cannot be written: \(reason())") }
        var written = 0
        var failed = fchmod(descriptor, mode) != 0
        while !failed, written < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...])) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { failed = true } else { written += count }
        }
        failed = failed || fsync(descriptor) != 0
        let why = reason()
        close(descriptor)
        guard !failed else {
            unlink(fresh)
            throw CommandFailure("\(fresh) cannot be written: \(why)")
        }
        guard rename(fresh, path) == 0 else { throw CommandFailure("\(path) cannot be replaced: \(reason())") }
    }

    /// Makes the directory and those above it.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(CommandFailure) {
        var soFar = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            soFar += soFar.isEmpty || soFar == "/" ? String(part) : "/" + part
            guard mkdir(soFar, soFar == path ? mode : 0o755) == 0 || errno == EEXIST else {
                throw CommandFailure("the directory \(soFar) cannot be made: \(reason())")
            }
        }
    }

    /// A secret from a file or standard input (`-`), at most 64 KiB. It loses one trailing newline and nothing else, and is left in no
    /// memory but the value's own.
    static func readSecret(_ path: String, dropsNewline: Bool = true, what: String = "secret") throws(CommandFailure) -> Secret {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        let hidden = descriptor == STDIN_FILENO ? HiddenInput() : nil
        defer { hidden?.end() }
        if hidden != nil { Terminal.note("type or paste the value, then Enter and Ctrl-D; it is not shown") }
        let limit = 64 * 1024
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit + 1, alignment: 1)
        defer {
            if let base = buffer.baseAddress { explicit_bzero(base, buffer.count) }
            buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let got = systemRead(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw CommandFailure("\(shown(path)) cannot be read: \(reason())") }
            if got == 0 { break }
            count += got
            if hidden != nil, buffer[..<count].last == HiddenInput.interrupt { throw CommandFailure("given up; nothing was changed") }
        }
        guard count <= limit else {
            throw CommandFailure("\(shown(path)) is larger than \(limit) bytes", hint: "is it the file with the \(what)?")
        }
        if dropsNewline, count > 0, buffer[count - 1] == UInt8(ascii: "\n") { count -= 1 }
        guard count > 0 else { throw CommandFailure("\(shown(path)) holds no \(what): it is empty") }
        return Secret(copying: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// A credential's value, as ``readSecret(_:dropsNewline:)``; says what is probably not meant to be as it is.
    ///
    /// - Parameter isSecret: nobody else should be able to read the file.
    static func readValue(_ path: String, isSecret: Bool) throws(CommandFailure) -> Secret {
        let value = try readSecret(path)
        let ends: UInt8? = value.withBytes { $0.last }
        if let ends, [0x09, 0x0a, 0x0d, 0x20].contains(ends), isSecret || !endsByItself(value) {
            let what = ends == 0x0d ? "a carriage return" : ends == 0x0a ? "a second line break" : "a blank"
            Terminal.warn(
                "\(Terminal.printable(shown(path))) ends with \(what), which is taken as part of the value: only one newline is dropped")
        }
        if isSecret { warn(ofOthersAt: path, "secret") }
        return value
    }

    /// A master key that somebody gives, byte for byte.
    static func readMasterKey(_ path: String) throws(CommandFailure) -> Secret {
        let key = try readSecret(path, dropsNewline: false)
        warn(ofOthersAt: path, "master key")
        return key
    }

    private static func warn(ofOthersAt path: String, _ what: String) {
        var status = stat()
        guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else { return }
        let mode = String(status.st_mode & 0o777, radix: 8)
        Terminal.warn("\(Terminal.printable(path)) has mode 0\(mode), so others may have read the \(what) in it: chmod 600, or rm it")
    }

    /// PEM and JSON, whose end is not the text's: blanks and line breaks behind it are no part of the key. Of public keys alone: nothing here
    /// wipes the text.
    private static func endsByItself(_ value: Secret) -> Bool {
        value.withBytes { bytes in bytes.first == UInt8(ascii: "{") || String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") }
    }

    /// Of what should be a secret's file, while errno says why.
    private static func unreadable(_ path: String) -> CommandFailure {
        let (number, why) = (errno, reason())
        guard number == ENOENT || number == ENAMETOOLONG, mayBeValue(path) else { return CommandFailure("\(path) cannot be read: \(why)") }
        return CommandFailure(
            "there is no file of the name that was given, which is not repeated since it looks like a value itself: \(why)",
            hint: "give the name of a file that holds the value, or - for standard input; a file here may be written as ./NAME")
    }

    /// A secret in the place of the file that holds it.
    private static func mayBeValue(_ path: String) -> Bool {
        if ["whsec_", "whsk_", "eyJ", "-----BEGIN"].contains(where: path.hasPrefix) { return true }
        return path.utf8.count >= UsageText.shortest && !path.contains("/") && !path.contains(".")
    }

    /// A file that commands read, for messages.
    private static func shown(_ path: String) -> String { path == "-" ? "standard input" : path }

    private static func reason() -> String { String(cString: strerror(errno)) }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}
