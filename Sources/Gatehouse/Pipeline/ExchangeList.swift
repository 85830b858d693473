/// The requests of a loop that are not ended, as a list through themselves: joining and leaving it costs no look-up.
struct ExchangeList {
    private var first: RequestExchange?

    var isEmpty: Bool { first == nil }

    mutating func append(_ exchange: RequestExchange) {
        exchange.next = first
        // `previous` is cleared or moved whenever the exchange it names leaves, so it never outlives it.
        first?.previous = exchange
        exchange.isListed = true
        first = exchange
    }

    /// Does nothing for one that has left.
    mutating func remove(_ exchange: RequestExchange) {
        guard exchange.isListed else { return }
        exchange.isListed = false
        let (next, previous) = (exchange.next, exchange.previous)
        next?.previous = previous
        if let previous { previous.next = next } else { first = next }
        exchange.next = nil
        exchange.previous = nil
    }

    /// `body` may make exchanges leave.
    func forEach(_ body: (RequestExchange) -> Void) {
        var current = first
        while let exchange = current {
            current = exchange.next
            body(exchange)
        }
    }
}
