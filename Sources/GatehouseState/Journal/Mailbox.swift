package import GatehouseTime

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Things to be written, on their way from any thread to the writer's. The writer takes all there are at once, and is woken only where it
/// sleeps.
package final class Mailbox<Entry: Sendable, Writer>: @unchecked Sendable {
    // Sound: `pending`, `jobs`, `wakeAt`, `gathering` and `isClosed` are touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var pending: [Entry] = []
    private var jobs: [Job] = []
    /// The writer sleeps until so many entries are pending; `Int.max` while it is awake, or needs no waking.
    private var wakeAt = Int.max
    private var gathering: Gathering
    private var isClosed = false

    package init(gathering: Gathering) {
        self.gathering = gathering
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// False after ``close()``: the entry was not taken.
    package func put(_ entry: Entry) -> Bool {
        pthread_mutex_lock(mutex)
        guard !isClosed else {
            pthread_mutex_unlock(mutex)
            return false
        }
        pending.append(entry)
        unlockAndWake()
        return true
    }

    package func put(_ entries: [Entry]) -> Bool {
        pthread_mutex_lock(mutex)
        guard !isClosed else {
            pthread_mutex_unlock(mutex)
            return false
        }
        pending.append(contentsOf: entries)
        unlockAndWake()
        return true
    }

    /// Something to be done by the writer between two batches.
    package typealias Job = @Sendable (Writer) -> Void

    /// False after ``close()``: the job was not taken.
    package func put(_ job: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        guard !isClosed else {
            pthread_mutex_unlock(mutex)
            return false
        }
        jobs.append(job)
        let wake = wakeAt != .max
        wakeAt = .max
        pthread_mutex_unlock(mutex)
        if wake { pthread_cond_signal(condition) }
        return true
    }

    package func takeJobs() -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let taken = jobs
        jobs = []
        return taken
    }

    package func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        unlockAndWake()
    }

    /// Exchanges `entries`, which must be empty, for all that are pending; waits for the first one, or a job, until `deadline`, and then for as many
    /// as are worth waiting for. False once the mailbox is closed and empty.
    package func take(_ entries: inout [Entry], until deadline: MonotonicTime?) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while pending.isEmpty, jobs.isEmpty, !isClosed {
            guard wait(for: 1, until: deadline) else { break }
        }
        gather()
        gathering.took(pending.count)
        swap(&entries, &pending)
        return !(isClosed && entries.isEmpty)
    }

    private func gather() {
        guard let target = gathering.target(pending: pending.count) else { return }
        var pauses = 0
        var moment = SystemClock().monotonic.nanoseconds
        while pending.count < target, !isClosed {
            let before = pending.count
            moment += Gathering.pause
            while pending.count < target, !isClosed, wait(for: target, until: MonotonicTime(nanoseconds: moment)) {}
            if pending.count >= target || isClosed { break }
            pauses += 1
            guard gathering.goesOn(after: pauses, arrived: pending.count - before) else { return }
        }
    }

    /// False where the time is up. May also return early.
    private func wait(for count: Int, until deadline: MonotonicTime?) -> Bool {
        wakeAt = count
        defer { wakeAt = .max }
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var moment = timespec(tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &moment) != ETIMEDOUT
    }

    /// Wakes the writer where it waits for no more than is there, and only once.
    private func unlockAndWake() {
        let wake = pending.count >= wakeAt || isClosed
        if wake { wakeAt = .max }
        pthread_mutex_unlock(mutex)
        if wake { pthread_cond_signal(condition) }
    }
}
