import Glibc
import NIOCore
import Testing

@testable import Gatehouse

@Suite("what is said of a handler's connection")
struct ConnectFailureTests {
    private let target = RelayTarget(tls: false, host: "127.0.0.1", port: 9_000, ca: nil)

    @Test("only a refused connection means that nothing listens")
    func connecting() {
        let refused = ConnectFailure.text(IOError(errnoCode: ECONNREFUSED, reason: "connect"), target)
        #expect(refused == "127.0.0.1:9000 refused the connection: nothing listens there")
        for code in [ECONNRESET, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL] {
            let text = ConnectFailure.text(IOError(errnoCode: code, reason: "connect"), target)
            #expect(text.hasPrefix("127.0.0.1:9000: ") && !text.contains("listens"), "\(text)")
        }
    }

    @Test("a connection that is reset is said to be, without what the library calls it", arguments: [ECONNRESET, EPIPE])
    func reset(_ code: CInt) {
        let reset = ConnectFailure.text(ofConnection: IOError(errnoCode: code, reason: "read(descriptor:pointer:size:)"))
        #expect(reset == "the handler reset the connection")
        let other = ConnectFailure.text(ofConnection: IOError(errnoCode: ETIMEDOUT, reason: "read(descriptor:pointer:size:)"))
        #expect(other.hasPrefix("the connection to the handler broke: ") && !other.contains("descriptor"), "\(other)")
    }
}
