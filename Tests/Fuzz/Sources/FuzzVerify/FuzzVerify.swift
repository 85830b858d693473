import FuzzSupport
import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// A request, head and body, against an endpoint of every shipped scheme: nothing may trap, and nothing that was not signed may pass.
@main
enum FuzzVerify {
    static func main() { runFuzzer { fuzz($0, $1) } }
}

private func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var scanner = HeadScanner()
    guard case .complete(let begin, let end) = scanner.scan(bytes, lineLimit: 8_192, headLimit: 16_384) else { return 0 }
    var head = RequestHead()
    guard (try? head.parse(bytes, from: begin, to: end)) != nil else { return 0 }
    let view = RequestView(bytes: bytes, head: head, body: UnsafeRawBufferPointer(rebasing: bytes[end...]))
    let arrival = Arrival(now: WallTime(seconds: 1_700_000_000), peer: IPAddress(v4: 0x7f00_0001), diagnoseRetired: true)
    for endpoint in target.verifier.endpoints {
        let verification = endpoint.verify(view, arrival: arrival, workspace: target.workspace)
        _ = endpoint.refusedFields(view, workspace: target.workspace)
        if case .authenticated = verification.outcome { preconditionFailure("\(endpoint.policy.name) took a request that nobody signed") }
    }
    return 0
}

private struct Target {
    let verifier: Verifier
    let workspace: Workspace
}

// One thread runs the fuzzer, and nothing else touches it.
nonisolated(unsafe) private let target: Target = {
    do {
        var schemes: [String: Scheme] = [:]
        for (name, text) in Scheme.shipped { schemes[name] = try Scheme.parse(text, name: name, file: name) }
        let endpoints = schemes.keys.sorted().map { name in
            EndpointPolicy(
                name: name, path: "/\(name)", senders: ["s"], publicURL: "https://localhost/\(name)", authenticate: [.signature(name)])
        }
        let policy = Policy(
            gateway: GatewayPolicy(listeners: [], publicURL: "https://localhost", state: ""), senders: ["s": SenderPolicy(name: "s")],
            endpoints: endpoints, schemes: schemes, digest: "", warnings: [], files: [])
        // Drawn anew at each start, so that no kept input can hold a right signature.
        let secret = Base64.encode(try Random.bytes(32), alphabet: .standard, padded: true)
        let version = CredentialVersion(number: 1, state: .active, created: WallTime(microseconds: 0), value: PlainCredential(secret))
        let keys = DerivedKeys(replay: try Secret(random: 32), passwords: try Secret(random: 32))
        let credentials = CredentialSet([CredentialName(sender: "s", kind: .signing): [version]])
        return Target(verifier: try Verifier(policy: policy, credentials: credentials, keys: keys), workspace: try Workspace())
    } catch {
        preconditionFailure("the fuzz target could not be made: \(error)")
    }
}()
