import GatehouseTime

/// What was sent on one connection and may yet be lost there.
///
/// TCP acknowledges for the other side's system, not for whom the bytes are meant: what was acknowledged may wait in a receive buffer for
/// as long as the receiver hangs, and is lost when it dies. So the number of bytes that came after a record decides, and no time does.
struct SentPieces {
    private struct Piece {
        var last: UInt64
        /// Bytes sent on this connection up to its end.
        var end: Int
    }

    /// Not delivered yet; each is acknowledged before the next one.
    private var pieces: [Piece] = []
    /// Of ``pieces``, with the time of each.
    private var acknowledgments: [MonotonicTime] = []
    private var sentBytes = 0
    /// The last record that the other side's system took.
    private(set) var acknowledged: UInt64?
    /// As ``acknowledged``, of those since which the connection lived on for a while.
    private(set) var settled: UInt64?

    mutating func append(_ bytes: Int, through last: UInt64) {
        sentBytes += bytes
        pieces.append(Piece(last: last, end: sentBytes))
    }

    var areAcknowledged: Bool { acknowledgments.count == pieces.count }

    /// Takes note of what the other side's system says on a connection that still lives.
    ///
    /// - Parameter patience: nanoseconds for which it must have lived on since it took a record.
    /// - Returns: the last record that cannot be lost there any more, where that is another than before.
    mutating func settle(_ doubt: ForwardDoubt, patience: UInt64, at now: MonotonicTime) -> UInt64? {
        // Ciphertext is longer than what is in it, so this errs towards sending again.
        let taken = sentBytes - doubt.unacknowledged
        while acknowledgments.count < pieces.count, pieces[acknowledgments.count].end <= taken {
            acknowledged = pieces[acknowledgments.count].last
            acknowledgments.append(now)
        }
        let old = acknowledgments.prefix { $0.nanoseconds + patience <= now.nanoseconds }.count
        if old > 0 { settled = pieces[old - 1].last }
        let read = pieces.prefix(old).prefix { $0.end <= taken - doubt.unread }.count
        guard read > 0 else { return nil }
        let last = pieces[read - 1].last
        pieces.removeFirst(read)
        acknowledgments.removeFirst(read)
        return last
    }
}
