internal import GatehousePolicy

/// Why a gateway did not start, or could not do what it was told: for the operator, with what to do.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Hashable { case listen, tls, handler, limits, policy, state, control }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func listen(_ address: SocketAddressText, _ why: String) -> GatewayError {
        GatewayError(.listen, "cannot listen on \(address): \(why)")
    }
}
