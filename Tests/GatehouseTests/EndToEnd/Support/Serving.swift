import Gatehouse
import GatehouseAudit
import GatehouseTesting
import Synchronization
import Testing

/// The usual case: a handler that does as `reply` says, once `gate` is open where there is one, a site whose sender `acme` is relayed to it,
/// and that sender. The site keeps the handler alive.
///
/// - Parameters:
///   - more, delivery: as in ``TestSite/acme(to:authenticate:delivery:_:)``.
///   - site: with other settings than a plain one has.
func relayed(
    _ more: String = "", at site: @autoclosure () throws -> TestSite = try TestSite(), delivery: String = "", behind gate: Gate? = nil,
    _ reply: @escaping TestHandler.Behaviour = { _ in .answer(200, "taken") }
) async throws -> (handler: TestHandler, site: TestSite, sender: TestSender) {
    let handler = try await TestHandler.start { request in
        await gate?.pass()
        return await reply(request)
    }
    let site = try site()
    site.keep(handler)
    try site.acme(to: handler.url(), delivery: delivery, more)
    return (handler, site, try site.acmeSender())
}

/// Runs a gateway on the site while `body` runs; afterwards the log must verify, and hold exactly one decision for each answer (SEC-76).
func serving(
    _ site: TestSite, handlers: [String: any EventHandler] = [:], unanswered: [String] = [], _ body: (LiveGateway) async throws -> Void
) async throws {
    await Slots.shared.enter()
    defer { Slots.shared.leave() }
    let gateway = try await LiveGateway.start(site, handlers: handlers)
    do {
        try await body(gateway)
    } catch {
        try? await gateway.stop()
        throw error
    }
    try await gateway.stop()
    try expectGoodLog(site, unanswered: unanswered)
}

/// The log verifies, and holds exactly one decision for each answer, but for requests of those reasons whose sender was gone.
func expectGoodLog(_ site: TestSite, unanswered: [String] = [], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let audit = try site.verifyAudit()
    #expect(audit.isGood, "\(audit.json)", sourceLocation: sourceLocation)
    let mismatches = try site.mismatches(unanswered: unanswered)
    #expect(mismatches == [], "\(mismatches)", sourceLocation: sourceLocation)
}

/// Status, decision, reason and endpoint of an answer and its record.
@discardableResult
func expect(
    _ answer: RawAnswer, _ status: Int, _ decision: String, _ reason: String, at site: TestSite,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> AuditLine? {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    let line = try site.decision(of: answer)
    #expect(line?.decision == decision, sourceLocation: sourceLocation)
    #expect(line?.reason == reason, sourceLocation: sourceLocation)
    #expect(line?.answer == answer.status, sourceLocation: sourceLocation)
    return line
}

/// A refusal: as ``expect(_:_:_:_:at:sourceLocation:)``, and a problem in the body.
@discardableResult
func expectRefusal(
    _ answer: RawAnswer, _ status: Int, _ reason: String, at site: TestSite, sourceLocation: SourceLocation = #_sourceLocation
) throws -> AuditLine? {
    #expect(answer.isProblem, "\(answer.text)", sourceLocation: sourceLocation)
    return try expect(answer, status, "rejected", reason, at: site, sourceLocation: sourceLocation)
}

/// How many gateways run at once: each has threads and files of its own, and timeouts that a crowded machine would stretch.
final class Slots: Sendable {
    static let shared = Slots(4)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
