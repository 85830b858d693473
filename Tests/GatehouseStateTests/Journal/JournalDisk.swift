import Synchronization

@testable import GatehouseState

/// A directory in memory that tells what is written from what is durable, and fails where it is told to.
///
/// A fault strikes the n-th call from now. `lost`: the call did nothing, and what a failed sync covered is marked clean, as Linux does:
/// readable, never stored, and the next sync says yes. `stored`: the call did its work, and reported failure all the same.
final class JournalDisk: JournalStorage {
    enum Fault: Sendable, Equatable, CaseIterable { case lost, stored }

    struct File: Sendable {
        var current: [UInt8] = []
        var durable: [UInt8] = []
        /// Changes since the last sync, in order.
        var dirty: [Change] = []
        var isNameDurable = false
    }

    enum Change: Sendable {
        case write(Int, [UInt8])
        case truncate(Int)

        func apply(to bytes: inout [UInt8]) {
            switch self {
            case .write(let offset, let new):
                if bytes.count < offset + new.count { bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count) }
                bytes.replaceSubrange(offset..<offset + new.count, with: new)
            case .truncate(let size):
                if size <= bytes.count {
                    bytes.removeLast(bytes.count - size)
                } else {
                    bytes += [UInt8](repeating: 0, count: size - bytes.count)
                }
            }
        }
    }

    struct Contents: Sendable {
        var files: [String: File] = [:]
        /// Durable still.
        var removed: [String: File] = [:]
        var calls: [String] = []
        var fault: (call: Int, kind: Fault)?
        /// Every call of these kinds fails, as long as they are set.
        var broken: Set<String> = []
        var free: UInt64 = 1 << 40
        /// Somebody removed or replaced the segment that is being written.
        var isTakenAway = false
    }

    let directory = "disk"
    private let contents: Mutex<Contents>

    init(_ files: [String: [UInt8]] = [:]) {
        contents = Mutex(Contents(files: files.mapValues { File(current: $0, durable: $0, isNameDurable: true) }))
    }

    func with<R: Sendable>(_ body: (inout Contents) throws -> R) rethrows -> R { try contents.withLock { try body(&$0) } }

    var calls: [String] { with { $0.calls } }

    /// What a machine that lost power now would find, or one whose gateway was killed.
    func afterPowerCut() -> JournalDisk {
        JournalDisk(with { $0.files.filter(\.value.isNameDurable).merging($0.removed) { now, _ in now }.mapValues(\.durable) })
    }
    func afterKill() -> JournalDisk { JournalDisk(with { $0.files.mapValues(\.current) }) }

    var bytes: [UInt8] { with { contents in contents.files.keys.sorted().flatMap { contents.files[$0]?.current ?? [] } } }

    func segments() throws(JournalError) -> [String] {
        try call("list") { $0.files.keys.filter(SegmentName.isOne).sorted() }
    }

    func read(_ name: String) throws(JournalError) -> [UInt8]? { try call("read-whole") { $0.files[name]?.current } }

    func replace(_ name: String, with bytes: [UInt8]) throws(JournalError) {
        try call("replace") { $0.files[name] = File(current: bytes, durable: bytes, isNameDurable: true) }
    }

    /// A removal that was not synced may be undone by a power cut.
    func remove(_ name: String) throws(JournalError) {
        try call("remove") { contents in
            if let file = contents.files.removeValue(forKey: name), file.isNameDurable { contents.removed[name] = file }
        }
    }

    func open(_ name: String, creating: Bool) throws(JournalError) -> any JournalFile {
        try call(creating ? "create" : "open") { contents throws(JournalError) in
            if contents.files[name] == nil {
                guard creating else { throw JournalError(.missing, "\(name): no such file") }
                contents.files[name] = File()
            }
        }
        return Handle(disk: self, name: name)
    }

    func syncDirectory() throws(JournalError) {
        try call("directory") { contents in
            for name in contents.files.keys { contents.files[name]?.isNameDurable = true }
            contents.removed = [:]
        }
    }

    func freeBytes() throws(JournalError) -> UInt64 { try call("free") { $0.free } }

    fileprivate func call<R: Sendable>(
        _ name: String, lost: (inout Contents) -> Void = { _ in }, _ body: (inout Contents) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        let outcome: Result<R, JournalError> = contents.withLock { contents in
            contents.calls.append(name)
            let failure = JournalError(.system, "\(name): input/output error")
            if contents.broken.contains(name) { return .failure(failure) }
            do throws(JournalError) {
                guard let fault = contents.fault else { return .success(try body(&contents)) }
                contents.fault = fault.call > 0 ? (fault.call - 1, fault.kind) : nil
                guard fault.call == 0 else { return .success(try body(&contents)) }
                if fault.kind == .stored { _ = try body(&contents) } else { lost(&contents) }
                return .failure(failure)
            } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private final class Handle: JournalFile {
        let disk: JournalDisk
        let name: String
        private var isClosed = false

        init(disk: JournalDisk, name: String) {
            self.disk = disk
            self.name = name
        }

        func size() throws(JournalError) -> Int { try call("size") { $0.current.count } }

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(JournalError) -> Int {
            let piece = try call("read") { Array($0.current.dropFirst(offset).prefix(buffer.count)) }
            buffer.copyBytes(from: piece)
            return piece.count
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JournalError) {
            let all = Array(bytes)
            // A lost write is a short one: half of the bytes arrive.
            try call("write", lost: { Self.change(&$0, .write(offset, Array(all.prefix(all.count / 2)))) }) {
                Self.change(&$0, .write(offset, all))
            }
        }

        func sync() throws(JournalError) {
            try call("sync", lost: { $0.dirty = [] }) { file in
                for change in file.dirty { change.apply(to: &file.durable) }
                file.dirty = []
            }
        }

        func truncate(to size: Int) throws(JournalError) { try call("truncate") { Self.change(&$0, .truncate(size)) } }

        func close() { isClosed = true }

        var isInPlace: Bool { disk.with { !$0.isTakenAway } }

        private static func change(_ file: inout File, _ change: Change) {
            change.apply(to: &file.current)
            file.dirty.append(change)
        }

        private func call<R: Sendable>(
            _ name: String, lost: (inout File) -> Void = { _ in }, _ body: (inout File) -> R
        ) throws(JournalError) -> R {
            guard !isClosed else { throw JournalError(.system, "\(self.name): \(name) on a closed file") }
            let file = self.name
            return try disk.call(name, lost: { lost(&$0.files[file, default: File()]) }) { contents throws(JournalError) in
                body(&contents.files[file, default: File()])
            }
        }
    }
}
