import GatehouseAudit
import GatehousePolicy
import GatehouseTLS
import Glibc

/// Where one destination's copies go, once it is open. Calls come one at a time.
protocol ForwardSink: Sendable {
    /// As the destination wants the record.
    func append(_ line: LogLine, to output: inout [UInt8])
    /// Returns when the bytes are on their way.
    func send(_ bytes: [UInt8]) async throws
    /// Of those sent, what may yet be lost where the other side goes away now; nil where nobody can say.
    func doubt() async -> ForwardDoubt?
    var isOpen: Bool { get }
    /// Whether the other side has read everything that it acknowledged; false where that is not certain.
    func close() async -> Bool
}

/// Bytes sent that may yet be lost.
struct ForwardDoubt: Sendable, Hashable {
    /// The other side's system has not acknowledged them.
    var unacknowledged: Int
    /// It acknowledged them, and at most so many of these may still wait there for whom they are meant.
    var unread: Int

    static let nothing = ForwardDoubt(unacknowledged: 0, unread: 0)
}

/// RFC 5424 over TLS.
struct SyslogSink: ForwardSink {
    private let connection: SyslogConnection
    private let message: SyslogMessage

    init(host: String, port: Int, ca: String?) async throws {
        // The authorities are read each time, so that a replaced file counts at the next connection.
        connection = try await SyslogConnection.open(host: host, port: port, tls: TLSClientContext(caFile: ca))
        message = SyslogMessage(host: Self.hostName, process: getpid())
    }

    func append(_ line: LogLine, to output: inout [UInt8]) { _ = message.append(line, to: &output) }
    func send(_ bytes: [UInt8]) async throws { try await connection.send(bytes) }
    func doubt() async -> ForwardDoubt? { await connection.doubt() }
    var isOpen: Bool { connection.isOpen }
    func close() async -> Bool { await connection.close() }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The records as they are. What was appended is on the disk.
actor FileSink: ForwardSink {
    private var file: AppendFile

    init(path: String) { file = AppendFile(path: path) }

    /// Makes the file where there is none, so that a missing directory shows before records are said to be forwarded.
    func begin() throws { try file.append([]) }

    nonisolated func append(_ line: LogLine, to output: inout [UInt8]) {
        output.append(contentsOf: line.bytes)
        output.append(0x0a)
    }

    func send(_ bytes: [UInt8]) throws { try file.append(bytes) }
    func doubt() -> ForwardDoubt? { .nothing }
    nonisolated var isOpen: Bool { true }
    func close() -> Bool { true }

    /// The record that the file ends with; nil where it is none, or there is no file.
    nonisolated static func lastRecord(of path: String) -> ChainHead? {
        let descriptor = Descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))
        var status = stat()
        guard descriptor.isOpen, fstat(descriptor.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let start = max(0, Int(status.st_size) - 2 * RecordLimit.line)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) - start)
        let count = pread(descriptor.number, &bytes, bytes.count, off_t(start))
        guard count == bytes.count, let end = bytes.lastIndex(of: 0x0a) else { return nil }
        let first = bytes[..<end].lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return Array(bytes[first..<end]).withUnsafeBytes { LogLine($0)?.head }
    }
}
