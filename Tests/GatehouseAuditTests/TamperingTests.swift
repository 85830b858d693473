import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseAudit

@Suite("Altered logs")
struct TamperingTests {
    private let signer: CheckpointSigner
    private let lines: [[UInt8]]
    private let other: [[UInt8]]
    private let kept: Checkpoint

    init() throws {
        signer = try CheckpointSigner(origin: "gatehouse/gate", seed: Secret(Array(1...32)))
        lines = try Self.log(signer, 24, from: 1)
        other = try Self.log(signer, 24, from: 1_000)
        kept = Checkpoint(origin: "gatehouse/gate", size: 24, root: try #require(Self.root(lines, 24)))
    }

    /// Decisions with a signed checkpoint after each ten.
    private static func log(_ signer: CheckpointSigner, _ count: Int, from number: UInt64, changed: Int? = nil) throws -> [[UInt8]] {
        var chain = Chain(node: "gate")
        let hasher = MerkleHasher()
        var tree = MerkleFrontier()
        var lines: [[UInt8]] = []
        for index in 0..<count {
            var line: [UInt8] = []
            if index % 10 == 9 {
                let signed = try signer.sign(Checkpoint(origin: signer.key.name, size: tree.size, root: tree.root(hasher)))
                let record = SystemRecord(
                    .checkpoint, [.init("size", .number(Int64(tree.size))), .init("note", .text(signed.description))])
                chain.finish(record.members, time: someTime, into: &line)
            } else {
                let shift: UInt64 = index == changed ? 500_000 : 0
                chain.finish(
                    DecisionRecord.accepted(number + UInt64(index) + shift).members, time: someTime + .milliseconds(index), into: &line)
            }
            tree.append(chain.head.hash, hasher)
            lines.append(line)
        }
        return lines
    }

    private static func root(_ lines: [[UInt8]], _ count: Int) -> SHA256Value? {
        let hasher = MerkleHasher()
        var tree = MerkleFrontier()
        for line in lines[..<count] { tree.append(head(of: line).hash, hasher) }
        return tree.root(hasher)
    }

    private func outcome(_ lines: [[UInt8]], against checkpoints: [Checkpoint], key: LogKey? = nil) -> LogVerification {
        var verifier = LogVerifier(checkpoints: checkpoints, key: key)
        Array(lines.joined()).withUnsafeBytes { verifier.update($0) }
        verifier.endSegment(isLast: true)
        return verifier.outcome()
    }

    @Test("ten thousand random alterations are found by a kept checkpoint (SEC-77)", .timeLimit(.minutes(5)))
    func alterations() throws {
        #expect(outcome(lines, against: [kept], key: signer.key).isGood)
        #expect(outcome(lines, against: [kept], key: signer.key).checkpoints == 2)
        var random = SystemRandomNumberGenerator()
        var missed: [String] = []
        let stranger = try CheckpointSigner(origin: "gatehouse/gate", seed: Secret(Array(2...33)))
        for round in 0..<10_000 {
            var altered = lines
            let place = Int.random(in: 0..<lines.count, using: &random)
            let name: String
            switch round % 9 {
            case 0:
                name = "bit"
                let byte = Int.random(in: 0..<altered[place].count, using: &random)
                altered[place][byte] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1:
                name = "delete"
                altered.remove(at: place)
            case 2:
                name = "insert"
                altered.insert(lines[Int.random(in: 0..<lines.count, using: &random)], at: place)
            case 3:
                name = "swap"
                altered.swapAt(place, (place + Int.random(in: 1..<lines.count, using: &random)) % lines.count)
            case 4:
                name = "splice"
                altered[place...] = other[place...]
            case 5:
                name = "cut"
                altered.removeLast(lines.count - place)
                altered.append(Array(lines[place].prefix(Int.random(in: 0..<lines[place].count, using: &random))))
            case 6:
                name = "rehash of one"
                let byte = Int.random(in: 8..<altered[place].count - 90, using: &random)
                altered[place][byte] ^= 1
                guard altered[place][byte] != 0x0a else { continue }
                altered[place] = rehashed(altered[place])
            case 7:
                name = "made anew without the key"
                altered = try Self.log(stranger, 24, from: 1, changed: place % 10 == 9 ? place - 1 : place)
            default:
                name = "made anew with the key"
                altered = try Self.log(signer, 24, from: 1, changed: place % 10 == 9 ? place - 1 : place)
            }
            if outcome(altered, against: [kept], key: signer.key).isGood { missed.append("\(name) at \(place)") }
        }
        #expect(missed == [])
    }

    @Test("an older copy shows against a newer checkpoint, and a rewrite without the key against the checkpoints in the log")
    func oldCopies() throws {
        #expect(outcome(Array(lines[..<15]), against: [kept]).problem?.code == .cutOff)
        let stranger = try CheckpointSigner(origin: "gatehouse/gate", seed: Secret(Array(2...33)))
        let anew = try Self.log(stranger, 24, from: 1, changed: 3)
        #expect(outcome(anew, against: []).isGood)
        let problem = try #require(outcome(anew, against: [], key: signer.key).problem)
        #expect(problem.code == .rewritten && problem.sequence == 9)
        // Whoever has only the wrong key file at hand is told so too.
        let named = ["record 10 is signed by gatehouse/gate+", "not by the key given", "another log's, or somebody made this log anew"]
        #expect(named.allSatisfy("\(problem)".contains), "\(problem)")
    }

    @Test("records that the log's key should have signed by now are named, and a long log without any signature is none of this gateway's")
    func unsigned() throws {
        func made(_ count: Int, seconds: Int64 = 0, last: SystemRecord? = nil) -> [[UInt8]] {
            var chain = Chain(node: "gate")
            return (0..<count).map { index in
                var line: [UInt8] = []
                let members =
                    index == count - 1 ? last?.members ?? DecisionRecord.accepted().members : DecisionRecord.accepted(UInt64(index)).members
                chain.finish(members, time: someTime + .seconds(Int64(index) * seconds), into: &line)
                return line
            }
        }
        #expect(outcome(made(20), against: [], key: signer.key).warning == nil)
        let old = outcome(made(20, seconds: 30), against: [], key: signer.key)
        #expect(old.isGood && old.warning == "no signed checkpoint covers records 1..20" && old.json.contains("\"warning\":\"no signed"))
        #expect(outcome(made(20, last: SystemRecord(.stop)), against: [], key: signer.key).warning != nil)
        #expect(outcome(made(1_000), against: [], key: signer.key).isGood)
        let long = outcome(made(1_001), against: [], key: signer.key)
        #expect(long.problem?.code == .unsigned && long.problem?.sequence == 1)
        let unchecked = outcome(made(1_001), against: [])
        #expect(unchecked.isGood && unchecked.warning == nil && !unchecked.signaturesChecked)
        let compared = outcome(lines, against: [kept], key: signer.key)
        #expect(
            compared.compared == 1 && compared.covered == 24
                && compared.json.contains("\"signatures_checked\":true,\"checkpoints_compared\":1"))
        #expect(outcome(other, against: [kept]).covered == 19)
    }
}
