import Foundation
import GatehouseTesting

/// A program that keeps running, such as `gatehouse dev`; its standard output and error go to one file.
final class RunningProgram {
    private let process: SpawnedProcess
    private let transcript: URL

    /// - Parameters:
    ///   - executable: the built program unless given.
    ///   - environment: what is set besides the environment of the tests.
    init(_ arguments: [String], in directory: URL, executable: String = Program.path, environment: [String: String] = [:]) throws {
        transcript = directory.appendingPathComponent("transcript-" + UUID().uuidString)
        try Data().write(to: transcript)
        process = try SpawnedProcess(
            executable, arguments, in: directory.path, environment: environment, output: .file(transcript.path),
            errors: .file(transcript.path))
    }

    var text: String { (try? String(contentsOf: transcript, encoding: .utf8)) ?? "" }
    var identifier: Int32 { process.pid }
    var isRunning: Bool { process.isRunning }

    /// False when the program ended or a minute passed without the text.
    func says(_ wanted: String) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if text.contains(wanted) { return true }
            if !process.isRunning { return text.contains(wanted) }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Sends SIGINT, as Ctrl-C does, and waits for the end; nil when it does not come within a minute.
    func interrupt() async throws -> Int32? { try await end(by: SIGINT) }

    func signal(_ number: Int32) { process.kill(number) }

    /// Sends a signal and waits for the end; the exit status, negative for a signal, and nil when it does not come within a minute.
    func end(by number: Int32) async throws -> Int32? {
        signal(number)
        return try await end()
    }

    func end() async throws -> Int32? {
        try await becomesTrue { !process.isRunning } ? process.exitSoFar?.status : nil
    }
}

/// A TCP port of 127.0.0.1 that nothing listened on a moment ago.
func freePort() -> Int {
    let (descriptor, port) = boundPort()
    close(descriptor)
    return port
}

/// A socket that listens on a port of its own, until it is closed.
func takenPort() -> (socket: Int32, port: Int) {
    let taken = boundPort()
    _ = listen(taken.socket, 1)
    return taken
}

private func boundPort() -> (socket: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            _ = bind(descriptor, generic, length)
            _ = getsockname(descriptor, generic, &length)
        }
        return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
    return (descriptor, port)
}

/// Whether the condition came to hold within a minute.
func becomesTrue(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(10))
    }
    return true
}
