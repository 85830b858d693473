import NIOCore

/// The counters of all event loops, added up when someone asks.
final class MetricsCollector: Sendable {
    private let loops: [NIOLoopBound<LoopMetrics>]

    /// Counters for each loop of `group`.
    init(group: any EventLoopGroup) async throws {
        var loops: [NIOLoopBound<LoopMetrics>] = []
        for loop in group.makeIterator() {
            loops.append(try await loop.submit { NIOLoopBound(LoopMetrics(), eventLoop: loop) }.get())
        }
        self.loops = loops
    }

    /// The counters of `loop`, to be kept and used on it; called on it. Nil for a loop of another group.
    func metrics(of loop: any EventLoop) -> LoopMetrics? {
        loops.first { $0.eventLoop === loop }?.value
    }

    /// The sum over all loops, each seen at a slightly different moment. Throws when a loop is shut down.
    func gather() async throws -> MetricsSnapshot {
        var sum = MetricsSnapshot()
        for metrics in loops {
            sum.add(try await metrics.eventLoop.submit { metrics.value.current() }.get())
        }
        return sum
    }
}
