import GRDB

extension State {
    /// The last record that the receiver of that name has; nil where it never got one.
    public func forwarded(to name: String) throws(StateError) -> UInt64? {
        try database.read { database in
            try Int64.fetchOne(database, sql: "SELECT sequence FROM audit_forward WHERE name = ?", arguments: [name]).flatMap {
                UInt64(exactly: $0)
            }
        }
    }

    /// Durable on return.
    public func save(forwarded sequence: UInt64, to name: String) throws(StateError) {
        try database.write { database in
            try database.execute(
                sql:
                    "INSERT INTO audit_forward (name, sequence) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence",
                arguments: [name, Int64(clamping: sequence)])
        }
    }
}
