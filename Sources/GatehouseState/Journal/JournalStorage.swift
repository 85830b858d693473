/// Where a journal keeps its segments. The journal asks nothing else of the operating system, so that tests can fail each call.
package protocol JournalStorage: Sendable {
    /// For messages.
    var directory: String { get }
    /// Names of all segments, in the order of the log.
    func segments() throws(JournalError) -> [String]
    /// - Parameter creating: makes the file (0600) where it does not exist yet. It is durable only after ``syncDirectory()``.
    func open(_ name: String, creating: Bool) throws(JournalError) -> any JournalFile
    func syncDirectory() throws(JournalError)
    /// A small file beside the segments, whole; nil where there is none.
    func read(_ name: String) throws(JournalError) -> [UInt8]?
    /// Replaces it: durable on return, and after a crash either the old or the new one.
    func replace(_ name: String, with bytes: [UInt8]) throws(JournalError)
    /// Removes a file that may be gone already. Durable only after ``syncDirectory()``.
    func remove(_ name: String) throws(JournalError)
    /// Bytes that an unprivileged process may still write.
    func freeBytes() throws(JournalError) -> UInt64
}

/// An open segment. Used by one thread at a time.
package protocol JournalFile: AnyObject {
    func size() throws(JournalError) -> Int
    /// Fills the buffer from that offset on, as far as the file goes, and returns how many bytes that were.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(JournalError) -> Int
    /// Writes all bytes, or throws.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JournalError)
    /// On return what was written is durable. After a failure nothing is known about what was written since the last success.
    func sync() throws(JournalError)
    func truncate(to size: Int) throws(JournalError)
    /// The name that it was opened by still leads to it: it was neither removed nor replaced.
    var isInPlace: Bool { get }
    /// Further calls fail. May be called twice.
    func close()
}
