/// What a peer is told that sends plain HTTP to a TLS port.
enum PlainHTTPAnswer {
    /// Whether a connection that begins with this byte can be HTTP: a method is letters, and no TLS record type is one. So is a PROXY
    /// preamble that nobody asked for, in both its versions: the second begins with a carriage return (SEC-23).
    static func begins(with byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) || byte == 0x0d }

    private static let body = "This port speaks HTTPS. Use https:// in the address.\n"
    static let text =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
}
