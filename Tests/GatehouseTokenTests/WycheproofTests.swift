import Foundation
import GatehouseCrypto
import Testing

@testable import GatehouseToken

/// `Vectors/json_web_*_test.json` are Project Wycheproof's (C2SP/wycheproof, testvectors_v1 at dac1dd47), under `LICENSE.wycheproof`.
struct WycheproofFile: Decodable {
    struct Group: Decodable {
        let comment: String
        let `private`: JSONText?
        let `public`: JSONText?
        let tests: [Vector]
    }

    struct Vector: Decodable {
        let tcId: Int
        let comment: String
        let jws: String
        let result: String
    }

    /// A member as JSON again.
    struct JSONText: Decodable {
        let text: [UInt8]
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer().decode(AnyJSON.self)
            text = Array(try JSONEncoder().encode(value))
        }
    }

    enum AnyJSON: Codable {
        case text(String)
        case list([AnyJSON])
        case object([String: AnyJSON])
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([AnyJSON].self) {
                self = .list(list)
            } else {
                self = .object(try container.decode([String: AnyJSON].self))
            }
        }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .list(let list): try container.encode(list)
            case .object(let object): try container.encode(object)
            }
        }
    }

    let numberOfTests: Int
    let testGroups: [Group]
}

struct WycheproofCase: CustomTestStringConvertible, Sendable {
    let id: Int
    let comment: String
    let keys: [UInt8]
    let jws: String
    let isValid: Bool

    var testDescription: String { "\(id) \(comment)" }

    static func load(_ name: String) -> [WycheproofCase] {
        guard let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"),
            let data = try? Data(contentsOf: url), let file = try? JSONDecoder().decode(WycheproofFile.self, from: data)
        else { return [] }
        return file.testGroups.flatMap { group in
            group.tests.map {
                WycheproofCase(
                    id: $0.tcId, comment: "\(group.comment): \($0.comment)", keys: (group.public ?? group.private)?.text ?? [], jws: $0.jws,
                    isValid: $0.result == "valid")
            }
        }
    }

    /// Whether a key of the set made the signature.
    var isAccepted: Bool {
        guard let set = try? VerificationKeySet(keys) else { return false }
        return Array(jws.utf8).withUnsafeBytes { text in
            guard let parsed = try? CompactJWS(text) else { return false }
            return set.candidates(id: parsed.keyID, algorithm: parsed.algorithm).contains { key in
                parsed.signature.withUnsafeBytes {
                    key.key.verify(
                        parsed.algorithm.scheme, signature: $0, message: UnsafeRawBufferPointer(rebasing: text[..<parsed.signedCount]))
                }
            }
        }
    }

    /// Good ones that are refused here all the same: MACs, and algorithms that no key here has.
    var isServed: Bool {
        guard let head = jws.split(separator: ".", omittingEmptySubsequences: false).first,
            let bytes = Base64.decode(head, alphabet: .url, padding: .forbidden), let name = StrictJSON(bytes)?.members?["alg"]?.text
        else { return false }
        return JWSAlgorithm(rawValue: name) != nil
    }
}

@Suite("Project Wycheproof's vectors")
struct WycheproofTests {
    static let signatures = WycheproofCase.load("json_web_signature_test")
    static let keys = WycheproofCase.load("json_web_key_test")

    @Test("all vectors are there, and what is not served is counted: MACs, SHA-384 and SHA-512, P-521")
    func coverage() {
        #expect(Self.signatures.count == 401)
        #expect(Self.keys.count == 26)
        let passedOver = Self.signatures.filter { $0.isValid && !$0.isServed }
        #expect(passedOver.count == 30)
        #expect(Self.signatures.count { $0.isValid && $0.isServed } > 10)
    }

    @Test("SEC-43, SEC-46, SEC-47, SEC-48: a signature is accepted where it is valid and its algorithm served", arguments: signatures)
    func signature(_ vector: WycheproofCase) {
        #expect(vector.isAccepted == (vector.isValid && vector.isServed))
    }

    @Test("a key set is taken where it is good, and a weak, private or contradicting key verifies nothing", arguments: keys)
    func key(_ vector: WycheproofCase) {
        #expect(vector.isAccepted == (vector.isValid && vector.isServed))
    }
}
