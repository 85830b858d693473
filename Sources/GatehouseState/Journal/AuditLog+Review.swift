public import GatehouseAudit
internal import GatehouseTime

extension AuditLog {
    /// Hands over the records that match, in the order of the log: all of them, or the newest `limit`. Memory does not grow with the log
    /// or the limit. Segments outside the asked time are not read; where the clock was set back by more than a minute within one, what it
    /// then held again may be passed over. What lies below the log's anchor is no part of it.
    ///
    /// - Parameter body: gets what is valid only during the call; false ends the reading.
    @discardableResult
    public func review(
        _ filter: RecordFilter, newest limit: Int? = nil, _ body: (LogLine, LogFields) -> Bool
    ) throws(JournalError) -> Review {
        let names = try LogBeginning.names(storage)
        if let reference = filter.reference {
            // A reference tells when its request came; its record follows within the longest time that a request may take.
            let near = try segments(names, from: reference.time - .seconds(60), before: reference.time + .seconds(600))
            var found = false
            let last = try review(filter, limit, in: near) { line, fields in
                found = true
                return body(line, fields)
            }
            if found || near.count == names.count { return last }
        }
        return try review(filter, limit, in: try segments(names, from: filter.since.map { $0 - .seconds(60) }, before: filter.until), body)
    }

    /// What a review looked at.
    public struct Review: Sendable, Hashable {
        /// The last record of the log; 0 where there was none.
        public var last: UInt64 = 0
        /// Lines that have not the form of a record.
        public var noRecords = 0
    }

    private func review(
        _ filter: RecordFilter, _ limit: Int?, in names: [String], _ body: (LogLine, LogFields) -> Bool
    ) throws(JournalError) -> Review {
        var first = 0
        var passedOver = 0
        var seen = Review()
        var end = UInt64.max
        if let limit {
            var count = 0
            first = names.count
            while first > 0, count < limit {
                first -= 1
                var inSegment = 0
                var lastOfSegment: UInt64 = 0
                _ = try forEachLine(of: names[first]) { line in
                    lastOfSegment = line.sequence
                    if filter.matches(line) != nil { inSegment += 1 }
                    return true
                }
                count += inSegment
                seen.last = max(seen.last, lastOfSegment)
            }
            passedOver = max(0, count - limit)
            // What is written meanwhile would be more than the limit.
            end = seen.last
        }
        var goesOn = true
        for name in names[first...] where goesOn {
            seen.noRecords += try forEachLine(of: name) { line in
                guard line.sequence <= end else {
                    goesOn = false
                    return false
                }
                seen.last = max(seen.last, line.sequence)
                guard let fields = filter.matches(line) else { return true }
                if passedOver > 0 {
                    passedOver -= 1
                    return true
                }
                goesOn = body(line, fields)
                return goesOn
            }
        }
        return seen
    }

    /// Nil where the segment was deleted since its name was read.
    func openIfThere(_ name: String) throws(JournalError) -> (any JournalFile)? {
        do throws(JournalError) { return try storage.open(name, creating: false) } catch {
            guard error.code == .missing else { throw error }
            return nil
        }
    }

    /// - Returns: how many lines have not the form of a record.
    func forEachLine(of name: String, _ body: (LogLine) -> Bool) throws(JournalError) -> Int {
        guard let file = try openIfThere(name) else { return 0 }
        defer { file.close() }
        var splitter = LineSplitter()
        var others = 0
        try SegmentReader(file: file).forEachPiece(from: 0) { piece throws(JournalError) in
            splitter.split(piece) { bytes in
                if let line = LogLine(bytes) { return body(line) }
                others += 1
                return true
            }
        }
        return others + splitter.tooLong
    }

    /// Those that can hold records of that time: a segment's end is the beginning of the next one.
    private func segments(_ names: [String], from start: WallTime?, before end: WallTime?) throws(JournalError) -> [String] {
        guard start != nil || end != nil, names.count > 1 else { return names }
        var times: [WallTime?] = []
        for name in names {
            let file = try openIfThere(name)
            defer { file?.close() }
            times.append(try file.flatMap { file throws(JournalError) in try SegmentReader(file: file).firstTime() })
        }
        var first = 0
        if let start {
            while first + 1 < names.count, let next = times[first + 1], next < start { first += 1 }
        }
        var last = names.count - 1
        if let end {
            while last > first, let begin = times[last], begin >= end { last -= 1 }
        }
        return Array(names[first...last])
    }
}
