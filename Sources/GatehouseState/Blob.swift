// GRDB takes and gives blobs as Foundation's Data; this file is the one place that knows.
import Foundation
import GRDB

/// Bytes in a column.
struct Blob: DatabaseValueConvertible, Sendable, Hashable {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Blob? { Data.fromDatabaseValue(value).map { Blob(Array($0)) } }
}
