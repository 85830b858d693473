@testable import GatehouseCrypto

func bytes(_ hex: String) -> [UInt8] {
    guard let bytes = Hex.decode(hex) else { fatalError("a test vector is no hex: \(hex)") }
    return bytes
}

extension Secret {
    var copy: [UInt8] { withBytes { Array($0) } }
}

extension PublicKey {
    func verify(_ scheme: SignatureScheme, _ signature: [UInt8], _ message: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in message.withUnsafeBytes { verify(scheme, signature: signature, message: $0) } }
    }
}

extension PrivateKey {
    func sign(_ scheme: SignatureScheme, _ message: [UInt8]) throws -> [UInt8] {
        try message.withUnsafeBytes { (buffer) throws in try sign(scheme, buffer) }
    }
}
