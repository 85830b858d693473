#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files of the memory as a start finds them: all that the manifest names, whole, and nothing else.
struct ReplayDirectory {
    let manifest: ReplayManifest
    let segments: [ReplaySegment]
    let answers: AnswerFiles

    init(_ directory: String, options: ReplayMemory.Options) throws(StateError) {
        try FileSystem.makeDirectory(directory)
        let names = try FileSystem.names(in: directory)
        let manifest = try Self.manifest(directory, names)
        var segments: [ReplaySegment] = []
        for number in manifest.segments {
            let path = Self.segmentPath(directory, number)
            guard FileSystem.exists(path) else { throw Self.damaged(path, "is missing", directory) }
            segments.append(try ReplaySegment(number: number, path: path))
        }
        let named = Set(manifest.segments.map { "\($0).keys" })
        for name in names where name.hasSuffix(".tmp") || (name.hasSuffix(".keys") && !named.contains(name)) {
            try FileSystem.remove(directory + "/" + name)
        }
        self.manifest = manifest
        self.segments = segments
        answers = try AnswerFiles(
            directory: directory, listed: Dictionary(manifest.answers.map { ($0.file, $0.expires) }, uniquingKeysWith: max),
            answering: manifest.answering, fileLimit: options.answersFile, totalLimit: options.answersLimit)
    }

    static func segmentPath(_ directory: String, _ number: UInt64) -> String { "\(directory)/\(number).keys" }

    static func save(_ manifest: ReplayManifest, in directory: String) throws(StateError) {
        let result: Result<Void, StateError> = Array(manifest.text.utf8).withUnsafeBytes { bytes in
            Result { () throws(StateError) in try FileSystem.replace(directory + "/manifest", with: bytes) }
        }
        try result.get()
    }

    private static func manifest(_ directory: String, _ names: [String]) throws(StateError) -> ReplayManifest {
        let path = directory + "/manifest"
        guard names.contains("manifest") else {
            guard !names.contains(where: { $0.hasSuffix(".keys") || $0.hasSuffix(".answers") }) else {
                throw damaged(path, "is missing, beside the files that it names", directory)
            }
            let manifest = ReplayManifest()
            try save(manifest, in: directory)
            return manifest
        }
        let file = try Descriptor(opening: path, O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: try file.size())
        let result: Result<Void, StateError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StateError) in try file.read(into: buffer, at: 0) }
        }
        try result.get()
        guard let manifest = ReplayManifest(String(decoding: bytes, as: UTF8.self)) else { throw damaged(path, "was changed", directory) }
        return manifest
    }

    private static func damaged(_ path: String, _ what: String, _ directory: String) -> StateError {
        StateError(
            .damaged, "\(path) \(what). Check the disk, move \(directory) away and start again: the memory is rebuilt from the audit log")
    }
}
