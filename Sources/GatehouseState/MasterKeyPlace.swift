import GatehouseCrypto
import GatehousePolicy

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a state's master key is kept: a file, a systemd credential or a descriptor.
///
/// A file's replacement is written beside it as `….new` before anything is sealed with it, and takes its name afterwards. So at any moment
/// one of the two is the key that sealed the database, and the check value stored there tells which.
struct MasterKeyPlace {
    private let source: GatewayPolicy.MasterKeySource
    private let directory: String

    init(_ source: GatewayPolicy.MasterKeySource, directory: String) {
        self.source = source
        self.directory = directory
    }

    /// Of the sources that this program can write.
    var path: String? {
        switch source {
        case .state: directory + "/master.key"
        case .file(let path): path
        case .credential, .descriptor: nil
        }
    }

    /// For messages.
    var description: String {
        switch source {
        case .state, .file: path ?? ""
        case .credential(let name): "the systemd credential \(name)"
        case .descriptor(let number): "descriptor \(number)"
        }
    }

    /// Reads the key; makes a file where there is none and `isNew` says that nothing was ever sealed. A state that has lost its key is
    /// never given another (SEC-67): that would look like a working gateway that knows nobody.
    func load(isNew: Bool) throws(StateError) -> MasterKey {
        switch source {
        case .state, .file:
            let path = path ?? ""
            if !FileSystem.exists(path) {
                guard isNew else {
                    throw StateError(
                        .key,
                        "\(path) is missing, and the state in \(directory) was sealed with it: put the key back from its backup. "
                            + "Without it the credentials are lost, and a new state has to be made in another directory")
                }
                try install(MasterKey.random())
            }
            return try file(path)
        case .credential(let name):
            guard let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else {
                throw StateError(
                    .key,
                    "the master key is the systemd credential \(name), and CREDENTIALS_DIRECTORY is not set: start this from a unit with "
                        + "LoadCredential=\(name):PATH, or with systemd-run --pty -p LoadCredential=\(name):PATH")
            }
            return try MasterKey(content: read(try Descriptor(opening: "\(folder)/\(name)", O_RDONLY)), from: description)
        case .descriptor(let number):
            // Not inherited by what this process starts, and not read twice.
            guard GivenDescriptors.contains(number), fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else {
                throw StateError(
                    .key, "the master key is to be read from descriptor \(number), which is not open: start this with \(number)<FILE")
            }
            let file = Descriptor(adopting: number, path: description)
            return try MasterKey(content: read(file), from: description)
        }
    }

    /// A replacement that a rotation has written and not yet renamed.
    func replacement() throws(StateError) -> MasterKey? {
        guard let path, FileSystem.exists(path + Self.new) else { return nil }
        // One that was cut off while it was written never sealed anything.
        return try? file(path + Self.new)
    }

    /// Durable beside the present key when this returns.
    func prepare(_ key: Secret) throws(StateError) {
        guard let path else { return }
        let result: Result<Void, StateError> = key.withBytes { bytes in
            Result { () throws(StateError) in try FileSystem.replace(path + Self.new, with: bytes) }
        }
        try result.get()
    }

    /// The replacement takes the key's name.
    func adopt() throws(StateError) {
        guard let path, FileSystem.exists(path + Self.new) else { return }
        try FileSystem.rename(path + Self.new, to: path)
    }

    func discardReplacement() throws(StateError) {
        guard let path, FileSystem.exists(path + Self.new) else { return }
        try FileSystem.remove(path + Self.new)
    }

    func install(_ key: Secret) throws(StateError) {
        guard let path else { return }
        let result: Result<Void, StateError> = key.withBytes { bytes in
            Result { () throws(StateError) in try FileSystem.replace(path, with: bytes) }
        }
        try result.get()
    }

    private static let new = ".new"

    private func file(_ path: String) throws(StateError) -> MasterKey {
        try StateDirectory.check(path, isDirectory: false)
        return try MasterKey(content: read(try Descriptor(opening: path, O_RDONLY)), from: path)
    }

    /// To the end, a pipe too, and at most as much as a key can have.
    private func read(_ file: Descriptor) throws(StateError) -> Secret {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer {
            if let base = room.baseAddress { explicit_bzero(base, room.count) }
            room.deallocate()
        }
        var count = 0
        while count < room.count, let base = room.baseAddress {
            let got = retrying { Glibc.read(file.number, base + count, room.count - count) }
            guard got >= 0 else { throw .system(file.path, "read", errno) }
            if got == 0 { break }
            count += got
        }
        return Secret(copying: UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
}
