import GRDB

/// The tables, as steps that are never changed once they were shipped. Times are microseconds since 1970.
enum StateSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE identity (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        node TEXT NOT NULL,
                        key_check BLOB NOT NULL,
                        root BLOB NOT NULL,
                        created INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE progress (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        sequence INTEGER NOT NULL,
                        hash BLOB NOT NULL CHECK (length(hash) = 32),
                        highest_time INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE credential (
                        sender TEXT NOT NULL,
                        kind TEXT NOT NULL,
                        version INTEGER NOT NULL CHECK (version > 0),
                        state TEXT NOT NULL CHECK (state IN ('active', 'retiring', 'retired', 'revoked')),
                        created INTEGER NOT NULL,
                        accepted_until INTEGER,
                        ended INTEGER,
                        sealed BLOB,
                        fingerprint BLOB,
                        first_used INTEGER,
                        last_used INTEGER,
                        uses INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (sender, kind, version)
                    ) STRICT, WITHOUT ROWID;

                    CREATE INDEX credential_fingerprint ON credential (kind, fingerprint) WHERE fingerprint IS NOT NULL;

                    CREATE TABLE credential_address (
                        sender TEXT NOT NULL,
                        kind TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        address TEXT NOT NULL,
                        last_used INTEGER NOT NULL,
                        uses INTEGER NOT NULL,
                        PRIMARY KEY (sender, kind, version, address)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    ALTER TABLE credential ADD COLUMN expires INTEGER;

                    CREATE TABLE restored (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        at INTEGER NOT NULL,
                        made INTEGER NOT NULL,
                        sequence INTEGER NOT NULL
                    ) STRICT;
                    """)
        }
        migrator.registerMigration("3") { database in
            // Of the audit log's Merkle tree up to `progress`.
            try database.execute(sql: "CREATE TABLE log_tree (id INTEGER PRIMARY KEY CHECK (id = 1), nodes BLOB NOT NULL) STRICT")
        }
        migrator.registerMigration("audit-forward") { database in
            // How far live copies of the audit log got, by where they go.
            try database.execute(sql: "CREATE TABLE audit_forward (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID")
        }
        migrator.registerMigration("tokens") { database in
            try database.execute(
                sql: """
                    CREATE TABLE signing_key (
                        id TEXT NOT NULL PRIMARY KEY,
                        algorithm TEXT NOT NULL,
                        created INTEGER NOT NULL,
                        retiring_until INTEGER,
                        longest_lifetime INTEGER NOT NULL,
                        sealed BLOB NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE opaque_token (
                        digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
                        expires INTEGER NOT NULL,
                        claims BLOB NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    CREATE INDEX opaque_token_expires ON opaque_token (expires);

                    CREATE TABLE used_assertion (
                        digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
                        expires INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    CREATE INDEX used_assertion_expires ON used_assertion (expires);

                    CREATE TABLE revoked_token (
                        id TEXT NOT NULL PRIMARY KEY,
                        expires INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
