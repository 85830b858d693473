/// The numbers of the senders that may come to one route. Policy names them, so the labels of metrics are bounded by it.
struct SenderNumbers: Sendable {
    /// A few, as an endpoint has them: looked through.
    private let few: [(name: String, number: Int)]
    /// All of a gateway's, which its own services are there for.
    private let many: [String: Int]

    init(_ senders: some Collection<String>, _ names: MetricsNames) {
        let numbered = senders.map { (name: $0, number: names.number(of: $0)) }
        few = numbered.count <= Self.fewest ? numbered : []
        many =
            numbered.count <= Self.fewest ? [:] : Dictionary(numbered.map { ($0.name, $0.number) }, uniquingKeysWith: { first, _ in first })
    }

    func number(of sender: String) -> Int {
        for (name, number) in few where name == sender { return number }
        return many[sender] ?? MetricsNames.none
    }

    private static let fewest = 8
}
