/// The end of a log, or of what is known of it.
public struct ChainHead: Sendable, Hashable, CustomStringConvertible {
    /// Of the last record; 0 before the first.
    public var sequence: UInt64
    /// Of the last record; zeros before the first.
    public var hash: SHA256Value

    public static let empty = ChainHead(sequence: 0, hash: .zero)

    public init(sequence: UInt64, hash: SHA256Value) {
        self.sequence = sequence
        self.hash = hash
    }

    public var description: String { "\(sequence) \(hash)" }
}
