import GRDB
public import GatehouseAudit
public import GatehouseTime

extension State {
    /// How far the gateway got, as the state knows it: within a second of the truth.
    public struct Progress: Sendable, Hashable {
        /// The last synced record of the audit log. A log that ends before it was tampered with.
        public var head: ChainHead
        /// The highest time of the replay memory's clock.
        public var highestTime: WallTime
        /// Over the records up to ``head``; nil where it is not known.
        public var tree: MerkleFrontier?

        public init(head: ChainHead, highestTime: WallTime, tree: MerkleFrontier? = nil) {
            self.head = head
            self.highestTime = highestTime
            self.tree = tree
        }
    }

    /// The empty head and 1970 where nothing was saved yet.
    public func progress() throws(StateError) -> Progress {
        let row = try database.read { database in
            try Row.fetchOne(database, sql: "SELECT sequence, hash, highest_time FROM progress").map { row -> (Int64, [UInt8], Int64) in
                (row["sequence"], (row["hash"] as Blob).bytes, row["highest_time"])
            }
        }
        guard let (sequence, hash, time) = row else { return Progress(head: .empty, highestTime: WallTime(microseconds: 0)) }
        guard let sequence = UInt64(exactly: sequence), let hash = SHA256Value(hash) else {
            throw StateError(.damaged, "\(directory)/gatehouse.db: the audit log's head is malformed. Restore the state from its backup")
        }
        let tree = try database.read { try Row.fetchOne($0, sql: "SELECT nodes FROM log_tree").map { ($0["nodes"] as Blob).bytes } }
        return Progress(
            head: ChainHead(sequence: sequence, hash: hash), highestTime: WallTime(microseconds: time),
            tree: tree.flatMap { MerkleFrontier(size: sequence, bytes: $0) })
    }

    /// Durable on return. The time never goes back; the head does only where the journal itself was cut.
    public func save(_ progress: Progress, uses: [CredentialUse] = []) throws(StateError) {
        let sequence = Int64(clamping: progress.head.sequence)
        let hash = progress.head.hash.withUnsafeBytes { Blob(Array($0)) }
        try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO progress (id, sequence, hash, highest_time) VALUES (1, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash,
                        highest_time = max(highest_time, excluded.highest_time)
                    """,
                arguments: [sequence, hash, progress.highestTime.microseconds])
            if let tree = progress.tree, tree.size == progress.head.sequence {
                try database.execute(
                    sql: "INSERT INTO log_tree (id, nodes) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET nodes = excluded.nodes",
                    arguments: [Blob(tree.bytes)])
            } else {
                try database.execute(sql: "DELETE FROM log_tree")
            }
            try CredentialUse.save(uses, database)
        }
    }
}
