import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Signals that would end a command between a change and the showing of what it made, which is shown only once.
///
/// From ``begin()`` on SIGHUP, SIGINT, SIGQUIT and SIGTERM are only noted. ``honour()``, the last thing that the program does, ends it by the
/// one that came last.
enum HeldSignals {
    private static let numbers = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
    private static let arrived = Atomic<Int32>(0)

    /// Call it when all that is needed is read, right before the change is asked for: what ends the program earlier changes nothing.
    static func begin() {
        // Made here: a handler may not be the first who touches it.
        arrived.store(0, ordering: .relaxed)
        for number in numbers {
            // The C library's signal(2) has system calls go on where they were.
            let before = signal(number) { HeldSignals.arrived.store($0, ordering: .relaxed) }
            // As under nohup: what was ignored stays so.
            if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
    }

    /// Does not return where a signal came since ``begin()``: whoever started the program sees that it ended by that.
    static func honour() {
        let number = arrived.load(ordering: .relaxed)
        guard number != 0 else { return }
        signal(number, SIG_DFL)
        kill(getpid(), number)
        // To be ended by the kernel, which may take a moment to tell this thread.
        while true { pause() }
    }
}
