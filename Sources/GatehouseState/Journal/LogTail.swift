public import GatehouseAudit

/// Reads on in a log that is one file while it is written, also after the file was renamed and begun anew under its name: the old one is
/// read to its end first, as `tail -F` does.
public struct LogTail {
    private let log: AuditLog
    private let name: String
    private var file: any JournalFile
    /// Where the first line that was not handed over begins.
    private var offset: Int

    init(_ log: AuditLog, _ name: String, _ file: any JournalFile) {
        self.log = log
        self.name = name
        self.file = file
        offset = 0
    }

    /// Hands over each line that was completed since the last call, from record `sequence` + 1 on.
    ///
    /// - Parameter body: gets a line that is valid only during the call; false ends the reading.
    public mutating func forEachLine(after sequence: UInt64, _ body: (LogLine) -> Bool) throws(JournalError) {
        // Its writer begins the new file only when it is done with the old one, so what is read after this open is all of the old one.
        let fresh = file.isInPlace ? nil : try log.openIfThere(name)
        guard try read(after: sequence, body), let fresh else {
            fresh?.close()
            return
        }
        file.close()
        file = fresh
        offset = 0
        _ = try read(after: sequence, body)
    }

    public func close() { file.close() }

    /// False where `body` returned false.
    private mutating func read(after sequence: UInt64, _ body: (LogLine) -> Bool) throws(JournalError) -> Bool {
        let size = try file.size()
        // Copied and emptied in place.
        if size < offset { offset = 0 }
        guard size > offset else { return true }
        // A big file is not read from its beginning for what it ends with.
        if offset == 0, sequence > 0, let start = try SegmentReader(file: file).start(of: sequence) { offset = start }
        var (next, goesOn) = (offset, true)
        var splitter = LineSplitter()
        var rest = 0
        try SegmentReader(file: file).forEachPiece(from: offset) { piece throws(JournalError) in
            if let last = piece.lastIndex(of: 0x0a) {
                next += rest + last + 1
                rest = piece.count - last - 1
            } else {
                rest += piece.count
            }
            goesOn = splitter.split(piece) { bytes in
                guard let line = LogLine(bytes), line.sequence > sequence else { return true }
                return body(line)
            }
            return goesOn
        }
        offset = next
        return goesOn
    }
}

extension AuditLog {
    /// Nil for a directory of segments, whose names do not change, and where there is no file.
    public func tail() throws(JournalError) -> LogTail? {
        guard let name = (storage as? DirectoryStorage)?.only, let file = try openIfThere(name) else { return nil }
        return LogTail(self, name, file)
    }
}
