import GatehouseCrypto

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes a stream of bytes as sealed pieces: for each its length (four bytes, big-endian), then nonce, ciphertext and tag.
///
/// A piece is bound to the header, to its position and to whether it is the last, so that pieces can be neither moved, left out, taken from
/// another backup nor cut off at the end (NIST SP 800-38D; the construction of STREAM).
final class SealedWriter {
    private let file: Descriptor
    private let key: Secret
    private let header: [UInt8]
    private var offset: Int
    private var index: UInt64 = 0
    private var pending: [UInt8] = []

    /// Of plaintext.
    static let pieceLength = 1 << 20

    /// The header's line is written first.
    init(_ file: Descriptor, header: BackupHeader, key: Secret) throws(StateError) {
        self.file = file
        self.key = key
        let line = Array(header.line.utf8)
        self.header = Digest.sha256(line)
        offset = line.count
        pending.reserveCapacity(Self.pieceLength)
        try Self.write(line, to: file, at: 0)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StateError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.pieceLength - pending.count)
            pending.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if pending.count == Self.pieceLength { try flush(isLast: false) }
        }
    }

    func append(_ bytes: [UInt8]) throws(StateError) {
        let result: Result<Void, StateError> = bytes.withUnsafeBytes { bytes in Result { () throws(StateError) in try append(bytes) } }
        try result.get()
    }

    /// Durable on return; the file's size.
    func finish() throws(StateError) -> Int {
        try flush(isLast: true)
        try file.sync()
        return offset
    }

    private func flush(isLast: Bool) throws(StateError) {
        let sealed: [UInt8]
        do {
            sealed = try pending.withUnsafeBytes { try AESGCM.seal($0, key: key, associated: Self.associated(header, index, isLast)) }
        } catch {
            throw StateError(.backup, "\(file.path): could not be sealed: \(error)")
        }
        try Self.write(Self.bytes(UInt32(sealed.count)) + sealed, to: file, at: offset)
        offset += 4 + sealed.count
        index += 1
        pending.removeAll(keepingCapacity: true)
    }

    static func associated(_ header: [UInt8], _ index: UInt64, _ isLast: Bool) -> [UInt8] {
        Array("gatehouse backup\0".utf8) + header + bytes(index) + [isLast ? 1 : 0]
    }

    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    private static func write(_ bytes: [UInt8], to file: Descriptor, at offset: Int) throws(StateError) {
        let result: Result<Void, StateError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(StateError) in try file.write(bytes, at: offset) }
        }
        try result.get()
    }
}
