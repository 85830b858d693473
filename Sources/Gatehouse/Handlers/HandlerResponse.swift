/// What an ``EventHandler`` answers. In `relay` mode the sender gets it.
public struct HandlerResponse: Sendable, Hashable {
    /// 200…299: the event was taken. A status outside 200…599 is answered with 502.
    public var status: Int
    /// `type/subtype`, printable ASCII; anything else is answered with 502.
    public var contentType: String?
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}
