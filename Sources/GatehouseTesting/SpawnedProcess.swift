import Foundation
import Gatehouse
import Synchronization

/// A program that runs beside the tests, in a process group of its own; killed with its group when this value goes before it ends.
///
/// Foundation's `Process` is no choice: what it does to find this process's open descriptors reads past the end of a buffer, which, with as
/// many descriptors as tests have, ends the tests now and then.
public final class SpawnedProcess: Sendable {
    public enum Input: Sendable {
        case null
        case file(String)
        /// This text, which a pipe must hold, and no end of input before ``SpawnedProcess/endInput()``.
        case open(String)
    }

    public enum Output: Sendable {
        case inherited
        case null
        /// Made where there is none; what is written goes to its end.
        case file(String)
    }

    public enum Exit: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)

        /// The exit status, negative for a signal.
        public var status: Int32 {
            switch self {
            case .exited(let status): status
            case .killed(let signal): -signal
            }
        }
    }

    private let ending: ProcessEnding
    private let heldInput: Mutex<OpenFile?>

    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - arguments: without argument zero.
    ///   - directory: where it starts; where the tests run unless given.
    ///   - additions: what is set besides the environment of the tests.
    public init(
        _ executable: String, _ arguments: [String], in directory: String? = nil, environment additions: [String: String] = [:],
        input: Input = .null, output: Output = .inherited, errors: Output = .inherited
    ) throws {
        let environment = ProcessInfo.processInfo.environment.merging(additions) { $1 }.map { "\($0)=\($1)" }
        let input = try input.open()
        let (output, errors) = (try output.open(), try errors.open())
        var spawn = Spawn(executable, [executable] + arguments, environment: environment, in: directory)
        spawn.input = input.theirs.number
        spawn.output = output?.number
        spawn.errors = errors?.number
        ending = try withExtendedLifetime((input, output, errors)) { ProcessEnding(of: try spawn.start()) }
        heldInput = Mutex(input.ours)
    }

    deinit { ending.signal(SIGKILL, group: true) }

    public var pid: Int32 { ending.pid }
    public var isRunning: Bool { ending.exit == nil }

    /// nil while it runs.
    public var exitSoFar: Exit? { ending.exit }

    /// How it ended, once it has; no thread of the tests' waits.
    public var exit: Exit { get async { await ending.wait() } }

    /// Does nothing once it has ended.
    public func kill(_ signal: Int32) { ending.signal(signal) }
    public func terminate() { kill(SIGTERM) }
    public func interrupt() { kill(SIGINT) }

    /// The program reads the end of its input next.
    public func endInput() { heldInput.withLock { $0 = nil } }
}

extension SpawnedProcess.Input {
    fileprivate func open() throws -> (theirs: OpenFile, ours: OpenFile?) {
        switch self {
        case .null: return (try OpenFile("/dev/null", O_RDONLY), nil)
        case .file(let path): return (try OpenFile(path, O_RDONLY), nil)
        case .open(let text):
            let pipe = try OpenFile.pipe()
            try pipe.ours.fill(text)
            return pipe
        }
    }
}

extension SpawnedProcess.Output {
    fileprivate func open() throws -> OpenFile? {
        switch self {
        case .inherited: nil
        case .null: try OpenFile("/dev/null", O_WRONLY)
        case .file(let path): try OpenFile(path, O_WRONLY | O_CREAT | O_APPEND)
        }
    }
}
