import GatehouseVerify
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Kept answers that are more than a status: append-only `*.answers` files of self-describing records, each with a checksum. They are not
/// synced: a crash may lose an answer's body, never the acceptance. A file is removed when the last event in it has expired, or the oldest
/// first when all of them grow past a limit; an answer that is gone is its status alone.
final class AnswerFiles: Sendable {
    private let directory: String
    private let fileLimit: Int
    private let totalLimit: Int
    /// Guards the files' list and the end of the current file; held over writes to the page cache, so never taken on an event loop.
    private let state: Mutex<Files>
    private let commons = CommonAnswers()

    private struct Files {
        var current: Descriptor?
        var number: UInt32
        var end = 0
        var lastExpires: UInt32 = 0
        var closed: [Closed]
        /// Answers to events that the segments don't hold yet, found at start; until the journal's tail was restored.
        var found: [EventKey: AnswerReference]
    }

    struct Closed: Sendable, Hashable {
        var file: UInt32
        var expires: UInt32
        var bytes: Int
    }

    /// Takes up the files in `directory`: those from `answering` on are read, as they may belong to events of the journal's tail.
    init(directory: String, listed: [UInt32: UInt32], answering: UInt32, fileLimit: Int, totalLimit: Int) throws(StateError) {
        self.directory = directory
        self.fileLimit = min(fileLimit, Self.offsetLimit)
        self.totalLimit = totalLimit
        var closed: [Closed] = []
        var found: [EventKey: AnswerReference] = [:]
        var highest: UInt32 = 0
        for name in try FileSystem.names(in: directory) {
            guard name.hasSuffix(".answers"), let number = UInt32(name.dropLast(8)) else { continue }
            highest = max(highest, number)
            let file = try Descriptor(opening: directory + "/" + name, O_RDONLY)
            let bytes = try file.size()
            if number < answering, let expires = listed[number] {
                closed.append(Closed(file: number, expires: expires, bytes: bytes))
            } else {
                let expires = try Self.scan(file, number: number, bytes: bytes, into: &found)
                closed.append(Closed(file: number, expires: expires, bytes: bytes))
            }
        }
        closed.sort { $0.file < $1.file }
        state = Mutex(Files(number: Self.number(after: max(highest, answering == 0 ? 0 : answering - 1)), closed: closed, found: found))
    }

    /// Where an answer that many events got is kept; nil for any other. Takes no lock that is held over a write.
    func common(_ answer: KeptAnswer, expires: UInt32) -> AnswerReference? {
        commons.note(answer, expires: expires)
    }

    /// Keeps an answer that came again for the events to come, under no event's key. Called by the thread that appends.
    func keepIfCommon(_ answer: KeptAnswer, expires: UInt32) {
        guard commons.isWanted(answer), let reference = append(AnswerRecord.anyKey, answer, expires: expires) else { return }
        commons.keep(answer, at: reference)
    }

    /// Where the answer was put; nil where it could not be written.
    func append(_ key: EventKey, _ answer: KeptAnswer, expires: UInt32) -> AnswerReference? {
        let place = append(AnswerRecord.encode(key, answer, expires: expires), expires: expires)
        return place.map { AnswerReference(status: answer.status, file: $0.file, offset: $0.offset) }
    }

    /// Writes down which events got an answer that stands under no event's key, so that it is found again after a crash. What cannot be
    /// written costs those events, after a crash, their answer's body.
    func note(_ events: [SharedAnswer]) {
        var rest = events[...]
        while !rest.isEmpty {
            let some = rest.prefix(AnswerRecord.eventLimit)
            guard append(AnswerRecord.encode(some), expires: some.reduce(0) { max($0, $1.expires) }) != nil else { return }
            rest = rest.dropFirst(some.count)
        }
    }

    private func append(_ record: [UInt8], expires: UInt32) -> (file: UInt32, offset: Int)? {
        state.withLock { files in
            if files.current == nil || files.end + record.count > fileLimit {
                close(&files)
                guard let file = try? Descriptor(opening: path(files.number), O_WRONLY | O_CREAT | O_TRUNC) else { return nil }
                files.current = file
            }
            let result: Result<Void, StateError> = record.withUnsafeBytes { bytes in
                Result { () throws(StateError) in try files.current?.write(bytes, at: files.end) }
            }
            guard case .success = result else {
                // What was written of the record is not reached by any reference, but a scan would end there.
                close(&files)
                return nil
            }
            let place = (files.number, files.end)
            files.end += record.count
            files.lastExpires = max(files.lastExpires, expires)
            return place
        }
    }

    /// The answer, or its status alone where the rest is gone.
    func read(_ reference: AnswerReference, of key: EventKey) -> KeptAnswer {
        let bare = KeptAnswer(status: reference.status)
        guard reference.file != 0, let file = try? Descriptor(opening: path(reference.file), O_RDONLY) else { return bare }
        var bytes = [UInt8](repeating: 0, count: AnswerRecord.limit)
        let result: Result<Int, StateError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StateError) in try file.readSome(into: buffer, at: reference.offset) }
        }
        guard case .success(let count) = result,
            let record = bytes.withUnsafeBytes({ AnswerRecord.decode(UnsafeRawBufferPointer(rebasing: $0[..<count])) }),
            record.key == key || record.key == AnswerRecord.anyKey, case .answer(let answer) = record.content
        else { return bare }
        return answer
    }

    /// The answer of an event that the journal's tail tells of.
    func found(_ key: EventKey) -> AnswerReference? { state.withLock { $0.found[key] } }

    func forgetFound() { state.withLock { $0.found = [:] } }

    /// The file that is or will be written next.
    var current: UInt32 { state.withLock { $0.number } }

    var bytes: Int { state.withLock { files in files.closed.reduce(files.end) { $0 + $1.bytes } } }

    var closed: [Closed] { state.withLock { $0.closed } }

    /// Removes files whose events have all expired before `second`, and the oldest beyond the limit. Failures are left for the next time.
    func removeExpired(before second: UInt32) {
        let removed = state.withLock { files in
            var total = files.closed.reduce(files.end) { $0 + $1.bytes }
            var removed: [UInt32] = []
            files.closed.removeAll { file in
                guard file.expires < second || total > totalLimit else { return false }
                total -= file.bytes
                removed.append(file.file)
                return true
            }
            return removed
        }
        for number in removed { try? FileSystem.remove(path(number)) }
    }

    private func close(_ files: inout Files) {
        guard files.current != nil else { return }
        files.closed.append(Closed(file: files.number, expires: max(files.lastExpires, commons.forget()), bytes: files.end))
        files.current = nil
        files.number = Self.number(after: files.number)
        files.end = 0
        files.lastExpires = 0
    }

    private func path(_ number: UInt32) -> String { "\(directory)/\(number).answers" }

    /// By the time the numbers begin again, the first files have long expired.
    private static func number(after number: UInt32) -> UInt32 { number >= fileNumberLimit ? 1 : number + 1 }

    private static let fileNumberLimit: UInt32 = 0x3ff_ffff
    private static let offsetLimit = AnswerReference.unit << 22
}

extension AnswerFiles {
    /// Reads a file up to the first record that is not whole; when the last event in it expires.
    private static func scan(
        _ file: Descriptor, number: UInt32, bytes: Int, into found: inout [EventKey: AnswerReference]
    ) throws(StateError) -> UInt32 {
        var content = [UInt8](repeating: 0, count: min(bytes, offsetLimit))
        let result: Result<Int, StateError> = content.withUnsafeMutableBytes { buffer in
            Result { () throws(StateError) in try file.readSome(into: buffer, at: 0) }
        }
        let count = try result.get()
        var offset = 0
        var expires: UInt32 = 0
        content.withUnsafeBytes { content in
            while offset < count, let record = AnswerRecord.decode(UnsafeRawBufferPointer(rebasing: content[offset..<count])) {
                switch record.content {
                case .answer(let answer): found[record.key] = AnswerReference(status: answer.status, file: number, offset: offset)
                case .events(let events): for event in events { found[event.key] = event.answer }
                }
                expires = max(expires, record.expires)
                offset += record.count
            }
        }
        return expires
    }
}
