/// The values that one endpoint reads from JSON bodies, merged into a tree so that one pass over a body finds them all.
struct JSONPaths: Sendable {
    struct Node: Sendable {
        var children: [Child] = []
        /// Where the value of this node goes.
        var slot: Int?
    }

    struct Child: Sendable {
        let name: [UInt8]
        /// The name as a position in an array, where it is one.
        let position: Int?
        let node: Int
    }

    private(set) var nodes: [Node] = [Node()]
    private(set) var paths: [[String]] = []

    var isEmpty: Bool { paths.isEmpty }

    /// The slot of a path; the same path has one slot.
    mutating func slot(for path: [String]) -> Int {
        if let known = paths.firstIndex(of: path) { return known }
        var node = 0
        for component in path { node = child(of: node, named: component) }
        let slot = paths.count
        nodes[node].slot = slot
        paths.append(path)
        return slot
    }

    private mutating func child(of node: Int, named component: String) -> Int {
        let name = Array(component.utf8)
        if let known = nodes[node].children.first(where: { $0.name == name }) { return known.node }
        let isPosition =
            !name.isEmpty && name.count <= 6 && name.allSatisfy { 0x30 <= $0 && $0 <= 0x39 } && (name.count == 1 || name[0] != 0x30)
        let new = nodes.count
        nodes.append(Node())
        nodes[node].children.append(Child(name: name, position: isPosition ? Int(component) : nil, node: new))
        return new
    }
}
