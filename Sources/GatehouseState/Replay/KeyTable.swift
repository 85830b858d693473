import GatehouseVerify

/// What a ``KeyTable`` holds: a value that knows its key and can stand for a free slot.
protocol KeyedEntry: Sendable {
    static var vacant: Self { get }
    var isVacant: Bool { get }
    var key: EventKey { get }
}

/// An open-addressing table with linear probing. Keys are truncated HMACs and so spread by themselves: their bits are the hash, which no
/// sender can aim at. Half of the slots stay free: an unknown key, the usual case, is told by one or two probes.
struct KeyTable<Entry: KeyedEntry>: Sendable {
    private(set) var count = 0
    private var slots: [Entry]

    init(capacity: Int = 64) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = [Entry](repeating: .vacant, count: size)
    }

    subscript(index: Int) -> Entry {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    /// Where the key's entry is, until the table is next changed.
    func find(_ key: EventKey) -> Int? {
        let index = slot(of: key)
        return slots[index].isVacant ? nil : index
    }

    /// Takes the place of an entry with the same key.
    mutating func insert(_ entry: Entry) {
        var index = slot(of: entry.key)
        if slots[index].isVacant {
            count += 1
            if count * 2 > slots.count {
                grow()
                index = slot(of: entry.key)
            }
        }
        slots[index] = entry
    }

    /// Closes the gap by moving later entries of the same run back, so that no tombstones gather.
    mutating func remove(at index: Int) {
        let mask = slots.count - 1
        var gap = index
        var next = (gap + 1) & mask
        while !slots[next].isVacant {
            let home = home(of: slots[next].key)
            if (next &- home) & mask >= (next &- gap) & mask {
                slots[gap] = slots[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        slots[gap] = .vacant
        count -= 1
    }

    func forEach(_ body: (Entry) -> Void) {
        for entry in slots where !entry.isVacant { body(entry) }
    }

    private func home(of key: EventKey) -> Int { Int(truncatingIfNeeded: key.high) & (slots.count - 1) }

    /// The key's slot, or the free one where it belongs: at least half are always free.
    private func slot(of key: EventKey) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: key.high) & mask
        return slots.withUnsafeBufferPointer { slots in
            while !slots[index].isVacant {
                let other = slots[index].key
                if other.high == key.high, other.low == key.low { break }
                index = (index + 1) & mask
            }
            return index
        }
    }

    private mutating func grow() {
        let old = slots
        slots = [Entry](repeating: .vacant, count: old.count * 2)
        for entry in old where !entry.isVacant { slots[slot(of: entry.key)] = entry }
    }
}
