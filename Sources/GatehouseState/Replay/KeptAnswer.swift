/// What the first request of an event was answered with, for its duplicates.
public struct KeptAnswer: Sendable, Hashable {
    public var status: Int
    public var contentType: String?
    public var body: [UInt8]

    /// A body longer than ``bodyLimit`` is left out; so is a content type longer than 255 bytes.
    public init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType.flatMap { $0.utf8.count <= 255 ? $0 : nil }
        self.body = body.count <= Self.bodyLimit ? body : []
    }

    /// In bytes.
    public static let bodyLimit = 4096

    /// The status says everything.
    var isBare: Bool { contentType == nil && body.isEmpty }
}

/// What ``ReplayMemory/reserve(_:body:now:)`` found.
public enum Reservation: Sendable, Hashable {
    /// Unknown until now. The caller is the owner and owes exactly one `accept` or `release`.
    case new
    /// Accepted before, with a bare answer; `sameBody` is false where id and body don't belong together.
    case known(KeptAnswer, sameBody: Bool)
    /// In flight, or only a file can tell: ask with ``ReplayMemory/join(_:body:now:_:)``.
    case pending
    /// The truth cannot be known, or nothing more can be remembered: 503.
    case unavailable
}

/// How a wait ends.
public enum Resolution: Sendable, Hashable {
    /// The event is unknown after all; the caller is the owner now, as after ``Reservation/new``.
    case owner
    case accepted(KeptAnswer, sameBody: Bool)
    /// The first request failed with this answer; a later one may try again.
    case failed(KeptAnswer, sameBody: Bool)
    /// The truth cannot be known: 503.
    case unavailable
}
