import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The descriptors that this process was started with. A key is read from no other: the number that policy names may be a file of the
/// program's own by then.
package enum GivenDescriptors {
    private static let given = Mutex<Set<Int32>?>(nil)

    /// Called first of all, before anything is opened. Without it, as in a program that embeds the gateway, every open one counts.
    package static func remember() {
        let open = (0..<Int32(highest)).filter { fcntl($0, F_GETFD) != -1 }
        given.withLock { $0 = Set(open) }
    }

    static func contains(_ number: Int32) -> Bool { given.withLock { $0?.contains(number) ?? true } || number >= Int32(highest) }

    private static let highest = 1_024
}
