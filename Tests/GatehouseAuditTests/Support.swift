import GatehouseCrypto
import GatehouseTime

@testable import GatehouseAudit

let someTime = WallTime(microseconds: 1_795_485_662_123_456)
let someDigest = SHA256Value(Array(0..<32) as [UInt8]) ?? .zero
let someReference = Reference(high: 0x0193_5a2b_c3d4_1122, low: 0x3344_5566_7788_99aa)

extension DecisionRecord {
    static func accepted(_ number: UInt64 = 1) -> DecisionRecord {
        DecisionRecord(
            reference: Reference(high: someReference.high, low: number), endpoint: "acme", sender: "acme", decision: "accepted",
            reason: "ok",
            checks: [.init(check: "signature", scheme: "standard-webhooks", version: 2, result: "ok")],
            event: .init(id: "evt_\(number)", type: "order.accepted", key: .init(high: number, low: 7)),
            body: .init(bytes: 123, sha256: someDigest),
            answer: 200, remote: "203.0.113.7", policy: "sha256:00", skew: -12, took: 45)
    }

    var members: [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }
}

/// A log of as many decisions, line by line.
func makeLines(_ count: Int, node: String = "gate", first: UInt64 = 1, after head: ChainHead = .empty) -> [[UInt8]] {
    var chain = Chain(node: node, head: head)
    return (0..<count).map { index in
        var line: [UInt8] = []
        chain.finish(DecisionRecord.accepted(first + UInt64(index)).members, time: someTime + .milliseconds(index), into: &line)
        return line
    }
}

func verify(
    _ segments: [[UInt8]], synced: ChainHead? = nil, known: [ChainHead] = [], running: Bool = false, piece: Int = 1 << 20
) -> LogVerification {
    var verifier = LogVerifier(synced: synced, known: known, stopsAtSynced: running)
    for (index, segment) in segments.enumerated() {
        var start = 0
        while start < segment.count {
            let end = min(start + piece, segment.count)
            segment[start..<end].withUnsafeBytes { verifier.update($0) }
            start = end
        }
        verifier.endSegment(isLast: index == segments.count - 1)
    }
    return verifier.outcome()
}

func head(of line: [UInt8]) -> ChainHead {
    line.dropLast().withUnsafeBytes { LogLine($0)?.head } ?? .empty
}

/// The line with its hash recomputed, as somebody who rewrites a log would.
func rehashed(_ line: [UInt8]) -> [UInt8] {
    let body = line.dropLast(LogLine.tail + 1)
    return body + Array(",\"hash\":\"\(sha256(Array(body)))\"}\n".utf8)
}

func sha256(_ bytes: [UInt8]) -> String { Hex.encode(Digest.sha256(bytes)) }
