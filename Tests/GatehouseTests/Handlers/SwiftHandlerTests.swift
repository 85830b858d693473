import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import Gatehouse

@Suite("swift: calls a handler of the embedding program")
struct SwiftHandlerTests {
    struct Closure: EventHandler {
        var body: @Sendable (AuthenticatedEvent) async throws -> HandlerResponse
        func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse { try await body(event) }
    }

    private func handler(
        concurrency: Int = 4, waiting: Int = 4, _ body: @escaping @Sendable (AuthenticatedEvent) async throws -> HandlerResponse
    ) -> SwiftHandler {
        SwiftHandler(name: "orders", handler: Closure(body: body), concurrency: concurrency, waiting: waiting)
    }

    @Test("the handler sees the event, and its response is the answer")
    func response() async {
        let handler = handler { event in
            let text =
                "\(event.sender) \(event.id ?? "") \(event.type ?? "") \(event.received) \(event.headers[.userAgent] ?? "") \(event.body.count)"
            return HandlerResponse(status: 202, contentType: "text/plain", body: Array(text.utf8))
        }
        let result = await handler.handOver(.sample(fields: [("User-Agent", "acme/1"), ("not a name", "x")]))
        #expect(result.answer?.status == 202)
        #expect(result.answer?.contentType == "text/plain")
        #expect(result.text == "acme-corp evt_1 order.accepted 2026-11-24T02:01:02.123456Z acme/1 7")
    }

    @Test("a thrown error is no answer")
    func error() async {
        struct Refused: Error {}
        #expect(await handler { _ in throw Refused() }.handOver(.sample()).problem == "swift:orders threw Refused()")
    }

    @Test(
        "a response that HTTP could not carry is no answer",
        arguments: [
            HandlerResponse(status: 99), HandlerResponse(status: 700), HandlerResponse(contentType: "text/plain\r\nX: y"),
        ])
    func malformed(response: HandlerResponse) async {
        #expect(await handler { _ in response }.handOver(.sample()).problem != nil)
    }

    @Test("at the deadline the task is cancelled, and what comes of it within `late` is still reported", arguments: [201, 502])
    func deadline(status: Int) async {
        let handler = handler { _ in
            // Ends by being cancelled, at the deadline.
            try? await Task.sleep(for: .seconds(60))
            if status == 502 { throw CancellationError() }
            return HandlerResponse(status: Task.isCancelled ? status : 500)
        }
        let answers = AsyncStream<Int>.makeStream()
        let result = await handler.handOver(
            .sample(), timeout: .milliseconds(50), late: .seconds(30), onLate: { answers.continuation.yield($0.status) })
        #expect(result.isTimedOut)
        var iterator = answers.stream.makeAsyncIterator()
        #expect(await iterator.next() == status)
    }

    @Test("an answer that does not come within `late` is given up as 504")
    func givenUp() async {
        let gate = AsyncStream<Void>.makeStream()
        let handler = handler { _ in
            // A task of its own does not end by being cancelled.
            await Task { for await _ in gate.stream { break } }.value
            return HandlerResponse()
        }
        let answers = AsyncStream<Int>.makeStream()
        let result = await handler.handOver(
            .sample(), timeout: .milliseconds(20), late: .milliseconds(20), onLate: { answers.continuation.yield($0.status) })
        #expect(result.isTimedOut)
        var iterator = answers.stream.makeAsyncIterator()
        #expect(await iterator.next() == 504)
        gate.continuation.finish()
    }

    @Test("a bounded number of calls runs at once, and beyond the queue events are answered 503")
    func bounds() async {
        let gate = AsyncStream<Void>.makeStream()
        let most = Mutex((running: 0, most: 0))
        let handler = handler(concurrency: 2, waiting: 3) { _ in
            most.withLock {
                $0.running += 1
                $0.most = max($0.most, $0.running)
            }
            for await _ in gate.stream { break }
            most.withLock { $0.running -= 1 }
            return HandlerResponse()
        }
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<8 { group.addTask { await handler.handOver(.sample()).status } }
            // Three are refused before any other can end.
            var statuses: [Int?] = []
            for _ in 0..<3 { statuses.append(await group.next() ?? nil) }
            gate.continuation.finish()
            for await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses == [503, 503, 503, 200, 200, 200, 200, 200])
        #expect(most.withLock { $0.most } <= 2)
    }

    @Test("a shut-down cancels what runs and refuses what waits and what comes")
    func shutDown() async {
        let started = AsyncStream<Void>.makeStream()
        let handler = handler(concurrency: 1) { _ in
            started.continuation.yield()
            try await Task.sleep(for: .seconds(60))
            return HandlerResponse()
        }
        async let running = handler.handOver(.sample())
        for await _ in started.stream { break }
        await handler.shutDown()
        #expect(await running.problem == "swift:orders threw CancellationError()")
        #expect(await handler.handOver(.sample()).problem == "swift:orders is shutting down")
    }
}
