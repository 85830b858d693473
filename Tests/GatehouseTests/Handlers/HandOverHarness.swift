import GatehouseTime
import NIOCore
import NIOPosix

@testable import Gatehouse

extension HandOver {
    static func sample(
        reference: String = "01JDEXAMPLE", eventID: String? = "evt_1", body: some Sequence<UInt8> = Array(#"{"a":1}"#.utf8),
        contentType: String? = "application/json", fields: [(name: String, value: String)] = []
    ) -> HandOver {
        HandOver(
            endpoint: "acme", sender: "acme-corp", eventID: eventID, eventType: "order.accepted",
            received: WallTime(microseconds: 1_795_485_662_123_456), reference: reference,
            checks: #"signature;scheme="standard-webhooks";version=2"#, attempt: 1, contentType: contentType, method: "POST",
            fields: fields,
            body: ByteBuffer(bytes: body))
    }
}

extension HandlerClient {
    /// Hands one event over on some loop and waits for the end.
    func handOver(
        _ event: HandOver, timeout: TimeAmount = .seconds(20), late: TimeAmount = .zero,
        onLate: @escaping @Sendable (HandlerAnswer) -> Void = { _ in }
    ) async -> HandOverResult {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return await withCheckedContinuation { continuation in
            loop.execute {
                let deadline = NIODeadline.now() + timeout
                handOver(
                    event, on: loop, deadline: deadline, lateUntil: deadline + late,
                    completion: {
                        loop.preconditionInEventLoop()
                        continuation.resume(returning: $0)
                    },
                    late: {
                        loop.preconditionInEventLoop()
                        onLate($0)
                    })
            }
        }
    }
}

extension HandOverResult {
    var answer: HandlerAnswer? {
        if case .answered(let answer) = self { answer } else { nil }
    }

    var text: String? { answer.map { String(buffer: $0.body) } }

    var problem: String? {
        if case .unreachable(let problem) = self { problem } else { nil }
    }

    var isBusy: Bool {
        if case .busy = self { true } else { false }
    }

    /// What the sender gets.
    var status: Int {
        switch self {
        case .answered(let answer): answer.status
        case .unreachable: 502
        case .busy: 503
        case .timedOut: 504
        }
    }

    var isTimedOut: Bool {
        if case .timedOut = self { true } else { false }
    }
}
