import GatehouseCrypto
import GatehouseTime

/// The first line of a backup, in clear: what it is, of which gateway, and which key opens it. Every sealed part is bound to it.
struct BackupHeader {
    var node: String
    /// The check value of the master key that sealed the backup.
    var check: [UInt8]
    var made: WallTime
    /// The last record of the audit log that the database in it knows.
    var sequence: UInt64

    static let longest = 512
    private static let magic = "gatehouse-backup 1"

    init(node: String, check: [UInt8], made: WallTime, sequence: UInt64) {
        self.node = node
        self.check = check
        self.made = made
        self.sequence = sequence
    }

    /// Nil where the line is no such header.
    init?(_ line: String) {
        let parts = line.split(separator: " ")
        func value(_ index: Int, _ name: String) -> String? {
            parts.indices.contains(index) && parts[index].hasPrefix(name + "=") ? String(parts[index].dropFirst(name.count + 1)) : nil
        }
        guard line.hasPrefix(Self.magic + " "), parts.count == 6, let node = value(2, "node"),
            let check = value(3, "key").flatMap({ Hex.decode($0) }),
            check.count == 16, let made = value(4, "made").flatMap({ WallTime(rfc3339: Array($0.utf8)) }),
            let sequence = value(5, "records").flatMap({ UInt64($0) })
        else { return nil }
        self.init(node: node, check: check, made: made, sequence: sequence)
    }

    var line: String { "\(Self.magic) node=\(node) key=\(Hex.encode(check)) made=\(made) records=\(sequence)\n" }
}
