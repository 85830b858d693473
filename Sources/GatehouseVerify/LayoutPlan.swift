internal import GatehousePolicy

/// A signature layout with its texts as bytes.
enum LayoutPlan: Sendable {
    case bare
    case prefixed([UInt8])
    case list(separator: [UInt8], assign: [UInt8], label: [UInt8], timestamp: [UInt8]?)
    case positional(separator: [UInt8], timestamp: Int?, signatures: ClosedRange<Int>)
    /// Lower-case names, in the order of the scheme's algorithms.
    case algorithm(assign: [UInt8], names: [[UInt8]])

    init(_ layout: SignatureSource.Layout) {
        switch layout {
        case .bare: self = .bare
        case .prefixed(let prefix): self = .prefixed(Array(prefix.utf8))
        case .list(let separator, let assign, let label, let timestamp):
            self = .list(
                separator: Array(separator.utf8), assign: Array(assign.utf8), label: Array(label.utf8),
                timestamp: timestamp.map { Array($0.utf8) })
        case .positional(let separator, let timestamp, let signatures):
            self = .positional(separator: Array(separator.utf8), timestamp: timestamp, signatures: signatures)
        case .algorithm(let assign, let algorithms):
            self = .algorithm(assign: Array(assign.utf8), names: algorithms.map { Array(($0.hashName ?? $0.rawValue).utf8) })
        }
    }

    /// Where a signature's text and the time's text stand in one received value.
    enum Piece {
        case signature(UnsafeRawBufferPointer, algorithm: Int)
        case timestamp(UnsafeRawBufferPointer)
        /// A value that is not laid out so, or names an algorithm outside the list (SEC-57).
        case malformed
    }

    /// Hands each piece to `take`, which says whether to go on.
    func read(_ value: UnsafeRawBufferPointer, _ take: (Piece) -> Bool) {
        switch self {
        case .bare:
            _ = take(.signature(value, algorithm: 0))
        case .prefixed(let prefix):
            _ = take(value.hasPrefix(prefix) ? .signature(value.slice(prefix.count, value.count), algorithm: 0) : .malformed)
        case .list(let separator, let assign, let label, let timestamp):
            var items = Items(value, separator: separator)
            while let item = items.next() {
                guard let split = item.offset(of: assign) else { continue }
                let name = item.slice(0, split).trimmed
                let text = item.slice(split + assign.count, item.count).trimmed
                if name.equals(label) {
                    guard take(.signature(text, algorithm: 0)) else { return }
                } else if let timestamp, name.equals(timestamp) {
                    guard take(.timestamp(text)) else { return }
                }
            }
        case .positional(let separator, let timestamp, let signatures):
            var items = Items(value, separator: separator)
            var index = 0
            while let item = items.next() {
                if index == timestamp {
                    guard take(.timestamp(item)) else { return }
                } else if signatures.contains(index) {
                    guard take(.signature(item, algorithm: 0)) else { return }
                }
                index += 1
            }
        case .algorithm(let assign, let names):
            guard let split = value.offset(of: assign) else {
                _ = take(.malformed)
                return
            }
            let name = value.slice(0, split).trimmed
            let algorithm = names.firstIndex {
                $0.count == name.count && zip($0, name).allSatisfy { $0 == ($1 >= 0x41 && $1 <= 0x5a ? $1 | 0x20 : $1) }
            }
            guard let algorithm else {
                _ = take(.malformed)
                return
            }
            _ = take(.signature(value.slice(split + assign.count, value.count).trimmed, algorithm: algorithm))
        }
    }
}

/// The parts between separators, without blanks around them.
private struct Items {
    private let value: UnsafeRawBufferPointer
    private let separator: [UInt8]
    private var position = 0

    init(_ value: UnsafeRawBufferPointer, separator: [UInt8]) {
        self.value = value
        self.separator = separator
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard position <= value.count else { return nil }
        let end = value.offset(of: separator, from: position) ?? value.count
        defer { position = end + max(separator.count, 1) }
        return value.slice(position, end).trimmed
    }
}
