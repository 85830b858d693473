import Dispatch
import GatehouseTime
import GatehouseVerify
import Synchronization

@testable import GatehouseState

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory that is removed with its last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/gatehouse-state-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StateError.system("/tmp", "make a directory in", errno) }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    func file(_ name: String) -> String { path + "/" + name }

    /// What a machine that lost power now would find: the files as they are, copied.
    func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        try Self.copy(path, to: copy.path)
        return copy
    }

    static func contents(_ path: String) throws -> [UInt8] {
        let file = try Descriptor(opening: path, O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: try file.size())
        let size = bytes.count
        let count = try bytes.withUnsafeMutableBytes { try file.readSome(into: $0, at: 0) }
        return Array(bytes.prefix(min(count, size)))
    }

    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    }

    /// Flips one bit.
    static func damage(_ path: String, at offset: Int) throws {
        var bytes = try contents(path)
        bytes[offset] ^= 4
        try write(bytes, to: path)
    }

    private static func copy(_ source: String, to target: String) throws {
        for name in try FileSystem.names(in: source) {
            var status = stat()
            guard stat(source + "/" + name, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try FileSystem.makeDirectory(target + "/" + name)
                try copy(source + "/" + name, to: target + "/" + name)
            } else if status.st_mode & S_IFMT == S_IFREG {
                try write(contents(source + "/" + name), to: target + "/" + name)
            }
        }
    }

    private static func remove(_ path: String) {
        for name in (try? FileSystem.names(in: path)) ?? [] {
            if unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
        }
        rmdir(path)
    }
}

/// Stands still until told to move; its two clocks move apart when the wall clock is set.
final class StandingClock: GatewayClock {
    private let times: Mutex<(wall: WallTime, monotonic: MonotonicTime)>

    init(_ wall: WallTime = WallTime(seconds: 1_790_000_000)) { times = Mutex((wall, MonotonicTime(nanoseconds: 5_000_000_000))) }

    var now: WallTime { times.withLock { $0.wall } }
    var monotonic: MonotonicTime { times.withLock { $0.monotonic } }

    func advance(_ duration: Duration) {
        times.withLock { times in
            times.wall = times.wall + duration
            times.monotonic = MonotonicTime(nanoseconds: times.monotonic.nanoseconds + UInt64(duration.microseconds) * 1_000)
        }
    }

    func setWall(_ wall: WallTime) { times.withLock { $0.wall = wall } }
}

/// Resolutions as they come in, from any thread.
final class Resolutions: Sendable {
    private let values = Mutex<[Resolution]>([])
    private let arrived = DispatchSemaphore(value: 0)

    var add: @Sendable (Resolution) -> Void {
        { [self] resolution in
            values.withLock { $0.append(resolution) }
            arrived.signal()
        }
    }

    var all: [Resolution] { values.withLock { $0 } }

    /// The next `count` that nobody waited for yet have arrived.
    func wait(_ count: Int = 1) { for _ in 0..<count { arrived.wait() } }
}

extension EventKey {
    /// Spread as truncated HMACs are.
    static func numbered(_ number: Int) -> EventKey {
        func mix(_ value: UInt64) -> UInt64 {
            var mixed = value &+ 0x9e37_79b9_7f4a_7c15
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        return EventKey(high: mix(UInt64(number) &* 2), low: mix(UInt64(number) &* 2 &+ 1))
    }
}

/// A replay memory in a directory of its own, with the calls that tests make all the time.
struct MemoryFixture {
    /// Before the directory, so that it has ended when that is removed.
    let memory: ReplayMemory
    let directory: TemporaryDirectory
    let clock: StandingClock

    init(
        _ directory: TemporaryDirectory? = nil, clock: StandingClock = StandingClock(), saveEntries: Int = 64, recentLimit: Int = 1 << 20,
        highest: WallTime = WallTime(seconds: 0), hold: Duration = .seconds(360)
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        self.clock = clock
        var options = ReplayMemory.Options()
        options.saveEntries = saveEntries
        options.recentLimit = recentLimit
        memory = try ReplayMemory(directory: self.directory.file("replay"), highest: highest, hold: hold, clock: clock, options: options)
    }

    static let remember = Duration.seconds(3_600)

    func reserve(_ number: Int, body: UInt64 = 1) -> Reservation { memory.reserve(.numbered(number), body: body, now: clock.monotonic) }

    func accept(_ number: Int, _ answer: KeptAnswer = KeptAnswer(status: 200), remember: Duration = remember, synced: Bool = true) {
        memory.accept(.numbered(number), answer: answer, remember: remember, now: clock.monotonic, synced: synced)
    }

    /// Reserves and accepts an event that must be new, whether memory or a file says so; false if it is known.
    @discardableResult
    func take(_ number: Int, body: UInt64 = 1, remember: Duration = remember) -> Bool {
        guard ask(number, body: body) == .owner else { return false }
        accept(number, remember: remember)
        return true
    }

    /// What a request is told in the end.
    func ask(_ number: Int, body: UInt64 = 1) -> Resolution {
        switch reserve(number, body: body) {
        case .new: return .owner
        case .known(let answer, let sameBody): return .accepted(answer, sameBody: sameBody)
        case .unavailable: return .unavailable
        case .pending:
            let resolutions = Resolutions()
            _ = memory.join(.numbered(number), body: body, now: clock.monotonic, resolutions.add)
            resolutions.wait()
            return resolutions.all[0]
        }
    }

    func isKnown(_ number: Int) -> Bool {
        guard case .accepted = ask(number) else { return false }
        return true
    }

    /// Another process that finds these files as they are, and the time that the state stores every second.
    func afterPowerLoss(saveEntries: Int = 64) throws -> MemoryFixture {
        // The keeper stands still meanwhile: losing power is one moment, copying is not.
        let copy = try memory.keeper.state.withLock { _ in try directory.copy() }
        return try MemoryFixture(
            copy, clock: StandingClock(clock.now), saveEntries: saveEntries, highest: memory.time(at: clock.monotonic))
    }
}
