import Foundation
import GatehouseCrypto
import GatehouseTesting
import Testing

@testable import GatehouseAudit

@Suite("The Merkle tree over a log")
struct MerkleTests {
    private static func leaf(_ number: Int) -> SHA256Value { SHA256Value(hex: sha256(Array("leaf \(number)".utf8))) ?? .zero }

    private static func roots(_ ranges: [Range<UInt64>], leaves: [SHA256Value], after known: Int = 0) -> [SHA256Value]? {
        let hasher = MerkleHasher()
        var start = MerkleFrontier()
        for leaf in leaves[..<known] { start.append(leaf, hasher) }
        var collector = MerkleRanges(ranges, after: start)
        for leaf in leaves[known...] { collector.append(leaf) }
        return collector.roots()
    }

    private static func root(_ leaves: [SHA256Value]) -> SHA256Value {
        let hasher = MerkleHasher()
        var tree = MerkleFrontier()
        for leaf in leaves { tree.append(leaf, hasher) }
        return tree.root(hasher)
    }

    @Test("roots, inclusion and consistency are those of a second implementation")
    func secondImplementation() async throws {
        var lines = ""
        let sizes = Array(1...40) + [63, 64, 65, 100]
        for size in sizes {
            let leaves = (0..<size).map(Self.leaf)
            let inclusion = try (0..<size).map { index in
                (index, try #require(Self.roots(MerkleProof.inclusion(of: UInt64(index), in: UInt64(size)), leaves: leaves)))
            }
            let consistency = try (1...size).map { old in
                (old, try #require(Self.roots(MerkleProof.consistency(from: UInt64(old), to: UInt64(size)), leaves: leaves)))
            }
            func text(_ cases: [(Int, [SHA256Value])]) -> String {
                cases.map { "[\($0.0),[\($0.1.map { "\"\($0)\"" }.joined(separator: ","))]]" }.joined(separator: ",")
            }
            let texts = leaves.map { "\"\($0)\"" }.joined(separator: ",")
            lines +=
                "{\"leaves\":[\(texts)],\"root\":\"\(Self.root(leaves))\",\"inclusion\":[\(text(inclusion))],\"consistency\":[\(text(consistency))]}\n"
            for (index, path) in inclusion {
                #expect(MerkleProof.includes(leaves[index], at: UInt64(index), size: UInt64(size), root: Self.root(leaves), path: path))
                #expect(!MerkleProof.includes(Self.leaf(-1), at: UInt64(index), size: UInt64(size), root: Self.root(leaves), path: path))
            }
            for (old, path) in consistency {
                let first = Self.root(Array(leaves[..<old]))
                #expect(MerkleProof.isConsistent(from: UInt64(old), root: first, to: UInt64(size), root: Self.root(leaves), path: path))
                let other = old == size ? Self.leaf(-1) : Self.root(Array(leaves[..<(old - 1)]) + [Self.leaf(-1)])
                #expect(!MerkleProof.isConsistent(from: UInt64(old), root: other, to: UInt64(size), root: Self.root(leaves), path: path))
            }
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Tools/rfc6962.py").path
        let said = try await SpawnedProcess.run("/usr/bin/env", ["python3", script], input: lines)
        #expect(said.output == "\(sizes.count)\n", "\(said)")
        #expect(said.status == 0)
    }

    @Test("a frontier takes the place of the leaves before it")
    func frontier() throws {
        let leaves = (0..<50).map(Self.leaf)
        for known in 0...50 {
            for index in known..<50 {
                let ranges = MerkleProof.inclusion(of: UInt64(index), in: 50)
                #expect(Self.roots(ranges, leaves: leaves, after: known) == Self.roots(ranges, leaves: leaves))
            }
        }
    }

    @Test("a checkpoint survives its text, and only its own key vouches for it")
    func checkpoints() throws {
        let signer = try CheckpointSigner(origin: "gatehouse/one", seed: .init(Array(1...32)))
        let other = try CheckpointSigner(origin: "gatehouse/one", seed: .init(Array(2...33)))
        let signed = try signer.sign(Checkpoint(origin: "gatehouse/one", size: 7, root: Self.leaf(1)))
        let read = try #require(SignedCheckpoint(signed.description))
        #expect(read == signed)
        #expect(read.isSigned(by: signer.key))
        #expect(!read.isSigned(by: other.key))
        #expect(LogKey(signer.key.description)?.description == signer.key.description)
        #expect(SignedCheckpoint(signed.description.replacing("\n7\n", with: "\n8\n"))?.isSigned(by: signer.key) == false)
        #expect(SignedCheckpoint("") == nil)
        let witnessed = signed.description + "\u{2014} witness.example AAAAAAAAAAA=\n"
        #expect(SignedCheckpoint(witnessed)?.isSigned(by: signer.key) == true)
    }
}
