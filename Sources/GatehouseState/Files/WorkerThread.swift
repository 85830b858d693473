#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread that runs what it is handed, in order, and between that a tick at least once an interval. For work that waits on a disk: it
/// blocks neither an event loop nor a thread of Swift's pool.
///
/// `@unchecked Sendable` is sound because `jobs`, `stopping` and `thread` are touched only while `mutex` is held, and the mutex and
/// condition live at fixed addresses until `deinit`, which runs after the thread has ended or let go of this object.
final class WorkerThread: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable () -> Void] = []
    private var stopping = false
    private var thread: pthread_t?
    private let name: String

    /// `name` shows in `top -H`; at most 15 bytes of it.
    init(name: String) {
        self.name = name
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A wall clock that is set must not stretch or cut a wait.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    /// Starts the thread, once. `tick` runs on it after each batch of jobs, and after `interval` without one.
    func start(every interval: Duration? = nil, tick: @escaping @Sendable () -> Void = {}) throws(StateError) {
        var created = pthread_t()
        let body = Unmanaged.passRetained(Body { [self] in run(every: interval, tick) })
        let result = pthread_create(
            &created, nil,
            { argument in
                // The argument is the reference retained for this thread, handed over exactly once.
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().call()
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            body.release()
            throw StateError(.access, "cannot start the thread \(name): \(systemMessage(result))")
        }
        pthread_mutex_lock(mutex)
        thread = created
        pthread_mutex_unlock(mutex)
    }

    private final class Body: Sendable {
        let call: @Sendable () -> Void
        init(_ call: @escaping @Sendable () -> Void) { self.call = call }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// False once ``stop()`` was called: the job will not run.
    @discardableResult
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        let accepted = !stopping
        if accepted { jobs.append(job) }
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
        return accepted
    }

    /// Runs the tick soon, without waiting for the interval to pass.
    func wake() { submit {} }

    /// Runs what was submitted, then ends the thread; returns when it has ended, or at once where the thread itself asks.
    func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        let joined = thread
        thread = nil
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
        guard let joined else { return }
        if pthread_equal(joined, pthread_self()) != 0 {
            pthread_detach(joined)
        } else {
            pthread_join(joined, nil)
        }
    }

    private func run(every interval: Duration?, _ tick: @Sendable () -> Void) {
        showName()
        while true {
            pthread_mutex_lock(mutex)
            if jobs.isEmpty, !stopping { wait(interval) }
            let batch = jobs
            jobs.removeAll(keepingCapacity: batch.count <= 1024)
            let ending = stopping && batch.isEmpty
            pthread_mutex_unlock(mutex)
            if ending { return }
            for job in batch { job() }
            tick()
        }
    }

    /// The C library's call for this is hidden from Swift; where there is no such file, the thread goes unnamed.
    private func showName() {
        guard let file = try? Descriptor(opening: "/proc/thread-self/comm", O_WRONLY) else { return }
        let bytes = Array(name.utf8.prefix(15))
        bytes.withUnsafeBytes { _ = pwrite(file.number, $0.baseAddress, $0.count, 0) }
    }

    private func wait(_ interval: Duration?) {
        guard let interval else {
            pthread_cond_wait(condition, mutex)
            return
        }
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = interval.components
        deadline.tv_sec += Int(seconds)
        deadline.tv_nsec += Int(attoseconds / 1_000_000_000)
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        pthread_cond_timedwait(condition, mutex, &deadline)
    }
}
