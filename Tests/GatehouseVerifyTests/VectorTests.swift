import Foundation
import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

/// Published and constructed deliveries of real senders; `Vectors/vectors.json` says where each is from.
struct Vector: Decodable, Sendable, CustomTestStringConvertible {
    struct Request: Decodable, Sendable {
        let headers: [String: String]
        let body: String
        let method: String
        let url: String?
    }

    let scheme: String
    let kind: String
    let source: String
    let secret: String
    let request: Request
    let timestamp: Double?
    let now: Double?
    let tolerance: Double?
    let valid: Bool
    let note: String?

    var testDescription: String { "\(scheme), \(valid ? "valid" : "invalid"): \(note ?? kind)" }

    static let all: [Vector] = {
        guard let url = Bundle.module.url(forResource: "vectors", withExtension: "json", subdirectory: "Vectors"),
            let data = try? Data(contentsOf: url), let vectors = try? JSONDecoder().decode([Vector].self, from: data)
        else { return [] }
        return vectors
    }()

    /// Schemes whose name differs from the shipped file's, and headers that only the vector has.
    static let names = [
        "digitalriver": ("digital-river", nil), "generic-hmac-sha512-base64": ("hmac-sha512-base64", "x-convoy-signature"),
        "generic-hmac-sha512-hex": ("hmac-sha512-hex", "x-convoy-signature"),
    ]

    /// What no data can express: canonicalised forms and fields, every item of a batch, keys that are fetched.
    static let beyondData: Set<String> = [
        "adyen-standard", "aws-sns", "ms-graph", "rfc9421-hmac-sha256", "rfc9530-content-digest", "twilio",
    ]

    func compiled() throws -> Scheme {
        let (name, header) = Vector.names[scheme] ?? (scheme, nil)
        var compiled = try Scheme.shipped(name)
        if let header { compiled.signature.sources = [.header(header)] }
        return compiled
    }
}

@Suite("Senders' own examples")
struct VectorTests {
    @Test("every vector is either run or belongs to a scheme that needs code")
    func coverage() {
        #expect(Vector.all.count == 53)
        let missing = Set(Vector.all.map(\.scheme)).filter { Scheme.shipped[Vector.names[$0]?.0 ?? $0] == nil }
        #expect(missing == Vector.beyondData)
    }

    @Test("an example is accepted or refused as its source says", arguments: Vector.all.filter { !Vector.beyondData.contains($0.scheme) })
    func example(_ vector: Vector) throws {
        let verification = try verify(vector)
        if vector.scheme == "websub", vector.request.headers["X-Hub-Signature"]?.hasPrefix("sha1=") == true {
            // The shipped scheme does not take SHA-1, though senders may.
            #expect(verification.summary == "signature-malformed")
        } else {
            // Discord's example is a ping, which the gateway answers itself once it has found it genuine.
            #expect(["ok", "handshake"].contains(verification.summary) == vector.valid, "\(verification.summary)")
        }
    }

    @Test(
        "a valid example whose body was changed is refused",
        arguments: Vector.all.filter { $0.valid && !Vector.beyondData.contains($0.scheme) })
    func flipped(_ vector: Vector) throws {
        let scheme = try vector.compiled()
        if scheme.signed.contains(.body) {
            let count = vector.request.body.utf8.count
            for index in Set([0, count / 3, count / 2, count - 1]) where count > 0 {
                #expect(try verify(vector, changingBodyAt: index).summary.hasPrefix("signature-"), "body byte \(index)")
            }
        }
    }

    private func verify(_ vector: Vector, changingBodyAt index: Int? = nil) throws -> Verification {
        let scheme = try vector.compiled()
        var gate = Gate(scheme)
        let isPublic = scheme.algorithm.isAsymmetric
        try gate.add(isPublic ? "acme/key" : "acme/signing", PlainCredential(vector.secret))
        let url = vector.request.url ?? Gate.url
        gate.change = { endpoint in
            endpoint.publicURL = url
            if let tolerance = vector.tolerance { endpoint.replay.tolerance = .seconds(tolerance) }
        }
        var request = Request(method: vector.request.method, body: vector.request.body)
        request.fields = vector.request.headers.map { ($0.key, $0.value) }
        if let index { request.body[index] ^= 1 }
        let now = vector.now ?? vector.timestamp ?? 1_700_000_000
        return try gate.verify(request, at: WallTime(microseconds: Int64(now * 1_000_000)))
    }
}
