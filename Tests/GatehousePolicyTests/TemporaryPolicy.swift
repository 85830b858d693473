import Foundation
import Testing

@testable import GatehousePolicy

/// A policy directory of its own for one test, with one sender and one endpoint that are right; removed when the test ends.
final class TemporaryPolicy {
    let path: String

    static let gateway = """
        listen:
          - { address: 0.0.0.0:8443, certificate: server.pem, private-key: server.key }
        """
    static let endpoint = """
        path: /hooks/acme
        senders: [acme]
        authenticate: [{ signature: standard-webhooks }]
        deliver: [{ to: http://127.0.0.1:9000/events }]
        """

    static let files = ["gateway.yaml": gateway, "senders/acme.yaml": "", "endpoints/acme.yaml": endpoint]

    init(_ files: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.path + "/gatehouse-policy-" + UUID().uuidString
        for kind in ["senders", "endpoints", "schemes", "tests"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(kind)", withIntermediateDirectories: true)
        }
        for (name, text) in Self.files.merging(files, uniquingKeysWith: { $1 }) { try write(name, Array(text.utf8)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func load(checkingFiles: Bool = false, unserved: Set<UnservedFeature> = []) throws(PolicyError) -> Policy {
        try Policy.load(directory: path, Reading(checksFiles: checkingFiles, unserved: unserved))
    }

    /// What loading complains about, each as `endpoints/acme.yaml:3:5: message (hint)`.
    func errors(checkingFiles: Bool = false, unserved: Set<UnservedFeature> = []) -> [String] {
        do throws(PolicyError) {
            _ = try load(checkingFiles: checkingFiles, unserved: unserved)
            return []
        } catch {
            return error.diagnostics.map { $0.description.replacingOccurrences(of: path + "/", with: "") }
        }
    }

    func warnings() throws -> [String] {
        try load().warnings.map { $0.description.replacingOccurrences(of: path + "/", with: "") }
    }
}

/// One file that must be refused, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    var file: String
    var text: String
    /// The only complaint begins with this.
    var expected: String

    init(_ file: String, _ text: String, _ expected: String) {
        self.file = file
        self.text = text
        self.expected = expected
    }

    var testDescription: String { expected }

    func check() throws {
        let errors = try TemporaryPolicy([file: text]).errors()
        #expect(errors.count == 1 && errors.allSatisfy { $0.hasPrefix("\(file):\(expected)") }, "said: \(errors)")
    }
}
