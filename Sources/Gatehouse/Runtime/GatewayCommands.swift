/// What a running gateway can be told, from signals, the control socket or its owner. Commands wait until someone reads them.
final class GatewayCommands: Sendable {
    enum Command: Sendable { case stop, reload }

    let stream: AsyncStream<Command>
    private let continuation: AsyncStream<Command>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16)) }

    func send(_ command: Command) { continuation.yield(command) }
}
