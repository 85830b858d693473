internal import COpenSSL

/// Whether two secrets, tokens or MACs are the same bytes, in a time that depends on their length only.
///
/// Two empty values are not equal: nothing is proved by sending nothing.
public func constantTimeEquals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress, left.count > 0 else { return false }
    return CRYPTO_memcmp(first, second, left.count) == 0
}
