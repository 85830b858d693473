import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import Logging
import NIOCore

/// Opens the journal of a state, and brings the replay memory up to its last record.
enum JournalOpening {
    static func open(
        _ policy: Policy, state: State, replay: ReplayMemory, progress: ProgressKeeper, health: JournalHealth, log: Logger
    ) throws -> (Journal, JournalReport) {
        let settings = policy.gateway.audit.journal
        let options = JournalOptions(
            segmentBytes: settings.segmentBytes, segmentAge: settings.segmentAge, reserveBytes: settings.reserveBytes,
            signer: state.logSigner)
        let handlers = JournalHandlers(
            deliver: { batch, failure in deliver(batch, failure, replay) }, amend: amended,
            onSyncedHead: { head, tree in progress.synced(head, tree) },
            onFailing: { failure in
                health.set(isFailing: failure != nil)
                if failure == nil { health.takeHeld().forEach { replay.settle($0) } }
                if let failure {
                    log.critical(
                        "the audit journal fails; requests are answered as audit.on-failure says", metadata: ["error": "\(failure)"])
                } else {
                    log.notice("the audit journal works again")
                }
            })
        let kept = try state.progress()
        return try Journal.open(
            directory: state.auditDirectory, node: state.node, expected: kept.head, tree: kept.tree, options: options, handlers: handlers)
    }

    /// What was accepted since the memory last saved its keys stands in the log's last records; a crash loses nothing of it.
    static func restore(_ replay: ReplayMemory, _ journal: Journal, policy: Policy, state: State, log: Logger) throws {
        let remember = Dictionary(policy.endpoints.map { ($0.name, $0.replay.remember) }, uniquingKeysWith: { first, _ in first })
        var restored = 0
        var failure: StateError?
        try AuditLog(directory: state.auditDirectory).forEachLine(after: replay.coveredSequence, through: journal.head.sequence) { line in
            guard let accepted = AcceptedEvent(line) else { return true }
            let length = remember[accepted.endpoint] ?? .seconds(72 * 3_600)
            do throws(StateError) {
                try replay.restore(
                    accepted.key, body: accepted.body, status: accepted.status, acceptedAt: accepted.time, remember: length)
                restored += 1
            } catch {
                failure = error
            }
            return failure == nil
        }
        if let failure { throw failure }
        replay.restored(through: journal.head.sequence)
        if restored > 0 { log.debug("replay memory restored from the log", metadata: ["events": "\(restored)"]) }
    }

    /// The record of a request that was answered while none could be made durable, with the answer that it got.
    private static func amended(_ entry: JournalEntry) -> [UInt8] {
        if let exchange = entry.token as? RequestExchange, exchange.goesOnUnrecorded { return entry.members }
        return DecisionRecord.amended(entry.members, answer: 503)
    }

    /// On the journal's thread: one wake-up a loop for all of a batch's requests. The replay memory learns first how far the log is durable.
    private static func deliver(_ batch: JournalBatch, _ failure: JournalError?, _ replay: ReplayMemory) {
        if failure == nil { replay.journalSynced(through: batch.firstSequence + UInt64(batch.entries.count) - 1) }
        var byLoop: [[RequestExchange]] = []
        for entry in batch.entries {
            guard let exchange = entry.token as? RequestExchange else { continue }
            while byLoop.count <= exchange.loopIndex { byLoop.append([]) }
            byLoop[exchange.loopIndex].append(exchange)
        }
        let isDurable = failure == nil
        for exchanges in byLoop {
            guard let first = exchanges.first else { continue }
            first.eventLoop.execute { for exchange in exchanges { exchange.recorded(isDurable) } }
        }
    }
}

extension GatewayPolicy.Audit {
    /// What of it the journal goes by, from its opening and from each reload on.
    var journal: JournalChanges { JournalChanges(segmentBytes: segment, segmentAge: segmentAge, reserveBytes: UInt64(clamping: reserve)) }
}

/// What the record of an accepted event says that the replay memory needs: a decision, or that the handler took it late.
struct AcceptedEvent {
    var endpoint: String
    var key: EventKey
    /// The first eight bytes of the body's SHA-256.
    var body: UInt64
    var status: Int
    var time: WallTime

    /// Nil for every other kind of record, and for events that nothing names.
    init?(_ line: LogLine) {
        func text(_ name: StaticString) -> String? { line.text(name).map { String(decoding: $0, as: UTF8.self) } }
        func says(_ name: StaticString, _ word: String) -> Bool { line.text(name)?.elementsEqual(word.utf8) == true }
        guard
            says("kind", "decision") && says("decision", "accepted")
                || says("kind", "system") && says("action", SystemRecord.Event.acceptedLate.rawValue),
            let endpoint = text("endpoint"), let key = text("key").flatMap({ EventKey(hex: $0) }), let digest = text("sha256"),
            digest.utf8.count == 64,
            let body = UInt64(digest.prefix(16), radix: 16), let answer = line.number("answer"), let time = line.time
        else { return nil }
        self.endpoint = endpoint
        self.key = key
        self.body = body
        status = Int(answer)
        self.time = time
    }
}
