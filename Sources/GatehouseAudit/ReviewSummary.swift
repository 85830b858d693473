internal import GatehouseTime

/// Counts over the requests that decisions are about: a record that stands for several counts as so many. Its memory is bounded, however
/// long the log: what a table has no room for is counted as others.
public struct ReviewSummary: Sendable {
    public private(set) var records: UInt64 = 0
    public private(set) var requests: UInt64 = 0
    public private(set) var endpoints = CountTable()
    public private(set) var senders = CountTable()
    public private(set) var decisions = CountTable()
    public private(set) var reasons = CountTable()
    /// `SENDER CHECK version N`, of checks that held.
    public private(set) var versions = CountTable()
    /// By the first 13 characters of the time: `2026-11-24T02`.
    public private(set) var hours = CountTable()
    /// By sender.
    public private(set) var skews: [String: SkewTable] = [:]

    private var key: [UInt8] = []

    public init() {}

    public mutating func add(_ line: LogLine, _ fields: LogFields) {
        let times = UInt64(max(1, fields.requests ?? 1))
        records += 1
        requests &+= times
        if line.bytes.count >= line.timeStart + 13 { hours.add(line.bytes.part(line.timeStart..<line.timeStart + 13), times) }
        if let endpoint = fields.endpoint { endpoints.add(endpoint, times) }
        if let sender = fields.sender { senders.add(sender, times) }
        if let decision = fields.decision { decisions.add(decision, times) }
        if let reason = fields.reason { reasons.add(reason, times) }
        guard let sender = fields.sender else { return }
        if let checks = fields.checks { addVersions(checks, sender) }
        if let skew = fields.skew {
            addSkew(skew, sender, refused: fields.decision.map { $0.count == 8 && $0.has("rejected", at: 0) } ?? false)
        }
    }

    private mutating func addSkew(_ skew: Int64, _ sender: UnsafeRawBufferPointer, refused: Bool) {
        let name = String(decoding: sender, as: UTF8.self)
        guard skews[name] != nil || skews.count < CountTable.most else { return }
        skews[name, default: SkewTable()].add(skew, refused: refused)
    }

    /// Items are `{"check":"…","scheme":"…","version":N,"result":"…"}`, whose texts come from the policy.
    private mutating func addVersions(_ checks: UnsafeRawBufferPointer, _ sender: UnsafeRawBufferPointer) {
        var rest = checks
        while let check = rest.range(between: "\"check\":\"", and: "\""),
            let end = rest.firstIndex(of: "\"result\":\"", from: check.upperBound)
        {
            let item = rest.part(check.upperBound..<end)
            let holds = rest.has("ok\"", at: end + 10)
            if holds, let number = item.range(between: "\"version\":", and: ",") {
                key.removeAll(keepingCapacity: true)
                key.append(contentsOf: sender)
                key.append(0x20)
                key.append(contentsOf: rest.part(check))
                key.append(contentsOf: " version ".utf8)
                key.append(contentsOf: item.part(number))
                key.withUnsafeBytes { versions.add($0) }
            }
            rest = rest.part(end + 10..<rest.count)
        }
    }
}

/// How often each of some texts came.
public struct CountTable: Sendable {
    static let most = 20_000

    private struct Entry: Sendable {
        var text: [UInt8]
        var count: UInt64
    }

    private var slots: [UInt64: Int] = [:]
    private var entries: [Entry] = []
    public private(set) var others: UInt64 = 0

    init() {}

    mutating func add(_ text: UnsafeRawBufferPointer, _ times: UInt64 = 1) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        while let index = slots[hash] {
            if entries[index].text.count == text.count, entries[index].text.withUnsafeBytes({ $0.equals(text) }) {
                entries[index].count &+= times
                return
            }
            hash &+= 1
        }
        guard entries.count < Self.most else {
            others &+= times
            return
        }
        slots[hash] = entries.count
        entries.append(Entry(text: Array(text), count: times))
    }

    /// The most frequent first.
    public var byCount: [(text: String, count: UInt64)] {
        all.sorted { ($1.count, $0.text) < ($0.count, $1.text) }
    }

    public var byText: [(text: String, count: UInt64)] { all.sorted { $0.text < $1.text } }

    private var all: [(text: String, count: UInt64)] { entries.map { (String(decoding: $0.text, as: UTF8.self), $0.count) } }
}

/// Arrival minus signed time of one sender's requests, in milliseconds: exact extremes, a median right to about three per cent.
public struct SkewTable: Sendable {
    public private(set) var least = Int64.max
    public private(set) var most = Int64.min
    public private(set) var count: UInt64 = 0
    /// The extremes without what was refused and is off by more than a day: a time in another unit, or made up, tells nothing about a clock.
    /// Nil where there is nothing else.
    public private(set) var usual: ClosedRange<Int64>?
    private var buckets: [Int: UInt64] = [:]
    /// Of what ``usual`` leaves out.
    private var others: [Int: UInt64] = [:]

    init() {}

    private static let day: UInt64 = 86_400_000

    mutating func add(_ skew: Int64, refused: Bool) {
        least = min(least, skew)
        most = max(most, skew)
        count += 1
        if refused, skew.magnitude > Self.day {
            others[Self.bucket(skew), default: 0] += 1
        } else {
            usual = min(usual?.lowerBound ?? skew, skew)...max(usual?.upperBound ?? skew, skew)
            buckets[Self.bucket(skew), default: 0] += 1
        }
    }

    /// Of ``usual``; where there is nothing usual, of everything.
    public var median: Int64 {
        let counts = usual == nil ? others : buckets
        let range = usual ?? least...max(least, most)
        let all = counts.values.reduce(0, +)
        var seen: UInt64 = 0
        for (bucket, count) in counts.sorted(by: { $0.key < $1.key }) {
            seen += count
            if seen * 2 >= all { return min(max(Self.value(bucket), range.lowerBound), range.upperBound) }
        }
        return 0
    }

    /// Exact below 64, then 32 steps for each power of two.
    private static func bucket(_ skew: Int64) -> Int {
        let magnitude = skew.magnitude
        let shift = max(0, 64 - magnitude.leadingZeroBitCount - 6)
        let index = shift * 32 + Int(truncatingIfNeeded: magnitude >> UInt64(shift))
        return skew < 0 ? -index : index
    }

    private static func value(_ bucket: Int) -> Int64 {
        let index = abs(bucket)
        guard index >= 64 else { return Int64(bucket) }
        let shift = index / 32 - 1
        let value = Int64(clamping: UInt64(index - shift * 32) << UInt64(shift))
        return bucket < 0 ? -value : value
    }
}
