import Foundation
import GatehouseTesting

/// The receiver of `Tools/syslog.py`, with the site's certificate; what it got is in one file over several lives.
final class SyslogReceiver: @unchecked Sendable {
    // Sound: tests use it from one task at a time.
    private let site: TestSite
    private let output: String
    private(set) var port = 0
    private var process: Process?

    init(_ site: TestSite) throws {
        self.site = site
        output = try site.folder.write("syslog-received", "")
    }

    deinit { kill() }

    /// Returns when it listens, on the same port each time.
    func start() async throws {
        let printed = try site.folder.write("syslog-port-\(UUID().uuidString)", "")
        let tool = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Tools/syslog.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [tool.path, site.folder("certs/server.pem"), site.folder("certs/server.key"), "\(port)", output]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: printed)
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        _ = await eventually {
            port =
                Int(
                    String(decoding: FileManager.default.contents(atPath: printed) ?? Data(), as: UTF8.self).trimmingCharacters(
                        in: .whitespacesAndNewlines)) ?? 0
            return port > 0 || !process.isRunning
        }
        guard port > 0 else { throw CocoaError(.executableLoad) }
    }

    /// As a receiver that hangs: its system still takes what is sent.
    func freeze() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGSTOP)
    }

    /// As a receiver that crashes.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// The messages, in the order of their arrival.
    var lines: [String] {
        String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
