import Foundation
import Testing

/// HAProxy with this configuration, until the returned program is told to end.
func startHAProxy(_ configuration: String, in place: URL) throws -> RunningProgram {
    let file = place.appendingPathComponent("haproxy.cfg")
    try Data(configuration.utf8).write(to: file)
    let executable = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].first { FileManager.default.isExecutableFile(atPath: $0) }
    return try RunningProgram(["-db", "-f", file.path], in: place, executable: try #require(executable, "haproxy is not installed"))
}
