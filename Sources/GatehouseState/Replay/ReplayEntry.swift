import GatehouseVerify

/// An accepted event as it is remembered.
struct ReplayEntry: KeyedEntry {
    var key: EventKey
    /// The first eight bytes of the body's SHA-256.
    var body: UInt64
    var answer: AnswerReference
    /// The last second, since 1970 on the memory's own clock, in which the key is known; never 0.
    var expires: UInt32

    static let vacant = ReplayEntry(key: EventKey(high: 0, low: 0), body: 0, answer: AnswerReference(status: 0), expires: 0)

    @inline(__always) var isVacant: Bool { expires == 0 }

    /// By the key as one number: the order of a segment.
    @inline(__always) static func precedes(_ left: ReplayEntry, _ right: ReplayEntry) -> Bool {
        left.key.high != right.key.high ? left.key.high < right.key.high : left.key.low < right.key.low
    }
}

/// What the first request was answered with: its status, and where the rest is kept if there was any.
struct AnswerReference: Sendable, Hashable {
    /// Status (16 bits), file (26) and offset in units of 16 bytes (22). File 0: content type and body were empty.
    let bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    init(status: Int, file: UInt32 = 0, offset: Int = 0) {
        bits =
            UInt64(UInt16(clamping: status)) << 48 | UInt64(file & 0x3ff_ffff) << 22 | UInt64(truncatingIfNeeded: offset / Self.unit)
            & 0x3f_ffff
    }

    var status: Int { Int(bits >> 48) }
    var file: UInt32 { UInt32(truncatingIfNeeded: bits >> 22 & 0x3ff_ffff) }
    var offset: Int { Int(bits & 0x3f_ffff) * Self.unit }

    static let unit = 16
}

/// An event between its reservation and the moment it is remembered or let go.
struct PendingEntry: KeyedEntry {
    var key: EventKey
    var body: UInt64
    /// The journal was synced through this when the event was reserved, so its record comes later.
    var floor: UInt64
    var phase: Phase
    /// Somebody waits, or an answer is held: there is a room for the key.
    var hasRoom = false

    static let vacant = PendingEntry(key: EventKey(high: 0, low: 0), body: 0, floor: 0, phase: .vacant)

    @inline(__always) var isVacant: Bool { phase == .vacant }

    enum Phase: UInt8, Sendable {
        case vacant
        /// The owner's handler has it. → `storing`, `held`, or gone.
        case reserved
        /// A segment may know it, which is being looked up. → `reserved`, or gone.
        case looking
        /// Accepted; its answer is being written. → gone into the recent table.
        case storing
        /// Accepted, but its record is not synced. → `storing`, or gone into the recent table.
        case held
    }
}
