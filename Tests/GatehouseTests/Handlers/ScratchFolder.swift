import Glibc

/// An empty folder that is gone after the test.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/gatehouse-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ScratchProblem() }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { removeAll(path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes an executable file.
    func script(_ name: String, _ text: String) throws -> String {
        try write(name, text)
        chmod(file(name), 0o700)
        return file(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        guard let stream = fopen(file(name), "w") else { throw ScratchProblem() }
        fputs(text, stream)
        fclose(stream)
        return file(name)
    }

    func read(_ name: String) -> String? { readFile(file(name)) }

    private func removeAll(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                if name != ".", name != ".." { removeAll("\(path)/\(name)") }
            }
            closedir(directory)
        }
        remove(path)
    }
}

struct ScratchProblem: Error {}

func readFile(_ path: String) -> String? {
    guard let stream = fopen(path, "r") else { return nil }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 { bytes.append(contentsOf: chunk[..<count]) }
    return String(decoding: bytes, as: UTF8.self)
}

/// Waits until `condition` holds; false after `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < end else { return false }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}
