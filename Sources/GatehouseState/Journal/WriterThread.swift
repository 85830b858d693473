import CLinux
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A thread that runs one function, with something that is its own from then on.
package final class WriterThread: Sendable {
    private let done = Handover<Void>()
    private let joined = Mutex(false)

    /// - Throws: where the system gives no thread: too many of them, or no memory.
    package init<Owned>(
        name: String, _ owned: UncheckedTransfer<Owned>, _ body: @escaping @Sendable (Owned) -> Void
    ) throws(StateError) {
        let done = done
        let start = ThreadStart {
            clinux_name_thread(name)
            clinux_take_short_slices()
            body(owned.value)
            done.put(())
        }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(start)
        let outcome = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, argument.toOpaque())
        guard outcome == 0 else {
            argument.release()
            throw .system(name, "start a thread", outcome)
        }
        pthread_detach(thread)
    }

    /// Returns when the function has; at once where it was waited for before.
    package func join() {
        joined.withLock { joined in
            if !joined { done.take() }
            joined = true
        }
    }
}

private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Carries what its maker gives away to the one thread that uses it from then on.
package struct UncheckedTransfer<Value>: @unchecked Sendable {
    // Sound: the maker keeps no reference, and the value is taken by one thread only.
    package let value: Value

    package init(_ value: Value) { self.value = value }
}

/// One value from one thread to one that waits for it.
final class Handover<Value: Sendable>: @unchecked Sendable {
    // Sound: `value` is touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value?

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func put(_ value: Value) {
        pthread_mutex_lock(mutex)
        self.value = value
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func take() -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let value { return value }
            pthread_cond_wait(condition, mutex)
        }
    }
}
