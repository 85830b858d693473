import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns SIGTERM, SIGINT and SIGHUP into commands. A second SIGINT, of someone who does not want to wait for the drain, ends the process.
final class SignalWatch {
    private let sources: [any DispatchSourceSignal]

    init(commands: GatewayCommands) {
        let queue = DispatchQueue(label: "signals")
        let interrupts = Counter()
        sources = [SIGTERM, SIGINT, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if number == SIGINT, !interrupts.enter(limit: 1) { _exit(130) }
                commands.send(number == SIGHUP ? .reload : .stop)
            }
            source.resume()
            return source
        }
    }

    func cancel() { sources.forEach { $0.cancel() } }
}
