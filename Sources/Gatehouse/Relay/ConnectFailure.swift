import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Why a handler or a front door could not be reached, or went away, in a sentence for whoever reads the log.
enum ConnectFailure {
    static func text(_ error: any Error, _ target: RelayTarget) -> String {
        let place = target.authority
        if case ChannelError.connectTimeout = error { return "\(place) did not answer the connection in time" }
        if let error = error as? NIOConnectionError {
            if let code = error.connectionErrors.lazy.compactMap({ ($0.error as? IOError)?.errnoCode }).first { return text(code, place) }
            return "\(target.host) does not resolve to an address that may be connected to"
        }
        if let error = error as? IOError { return text(error.errnoCode, place) }
        return "\(place): \(error)"
    }

    /// What ended a connection that had been made.
    static func text(ofConnection error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case ECONNRESET, EPIPE: return "the handler reset the connection"
        case let code: return "the connection to the handler broke: \(String(cString: strerror(code)))"
        }
    }

    private static func text(_ code: CInt, _ place: String) -> String {
        code == ECONNREFUSED ? "\(place) refused the connection: nothing listens there" : "\(place): \(String(cString: strerror(code)))"
    }
}
