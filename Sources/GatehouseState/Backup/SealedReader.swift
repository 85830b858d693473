import GatehouseCrypto

/// Reads what ``SealedWriter`` wrote. Nothing is handed out that was not authenticated.
final class SealedReader {
    let header: BackupHeader
    private let file: Descriptor
    private let digest: [UInt8]
    private let size: Int
    private var offset: Int
    private var index: UInt64 = 0
    private var piece: [UInt8] = []
    private var position = 0
    private var isLast = false
    private var key: Secret?

    init(_ path: String) throws(StateError) {
        file = try Descriptor(opening: path, 0)
        size = try file.size()
        let start = try Self.read(file, min(BackupHeader.longest, size), at: 0)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")), let header = BackupHeader(String(decoding: start[..<end], as: UTF8.self))
        else {
            throw StateError(.backup, "\(path) is no backup that `gatehouse state backup` of this release wrote")
        }
        self.header = header
        digest = Digest.sha256(Array(start[...end]))
        offset = end + 1
    }

    func open(with key: Secret) { self.key = key }

    /// Exactly `count` bytes.
    func read(_ count: Int) throws(StateError) -> [UInt8] {
        var result: [UInt8] = []
        try read(count) { result.append(contentsOf: $0) }
        return result
    }

    /// Exactly `count` bytes, handed on in pieces.
    func read(_ count: Int, _ body: (ArraySlice<UInt8>) throws(StateError) -> Void) throws(StateError) {
        var left = count
        while left > 0 {
            if position == piece.count {
                guard !isLast else { throw damaged("ends before its content does") }
                try next()
                continue
            }
            let part = piece[position..<min(position + left, piece.count)]
            try body(part)
            position += part.count
            left -= part.count
        }
    }

    /// The content ends here, and so does the file.
    func finish() throws(StateError) {
        if position == piece.count, !isLast { try next() }
        guard isLast, position == piece.count, offset == size else { throw damaged("goes on behind its content") }
    }

    func damaged(_ what: String) -> StateError { StateError(.backup, "\(file.path): the backup was changed or cut: it \(what)") }

    private func next() throws(StateError) {
        guard let key else { throw StateError(.backup, "\(file.path): no key") }
        guard size - offset >= 4 else { throw damaged("is too short") }
        let length = try Self.read(file, 4, at: offset).reduce(0) { $0 << 8 | Int($1) }
        guard length >= 28, length <= SealedWriter.pieceLength + 28, offset + 4 + length <= size else { throw damaged("is too short") }
        let sealed = try Self.read(file, length, at: offset + 4)
        offset += 4 + length
        isLast = offset == size
        do {
            let opened = try AESGCM.open(sealed, key: key, associated: SealedWriter.associated(digest, index, isLast))
            piece = opened.withBytes { Array($0) }
        } catch {
            throw damaged("does not open at byte \(offset - length)")
        }
        position = 0
        index += 1
    }

    private static func read(_ file: Descriptor, _ count: Int, at offset: Int) throws(StateError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result: Result<Void, StateError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StateError) in try file.read(into: buffer, at: offset) }
        }
        try result.get()
        return bytes
    }
}
