/// One value of a YAML file with the place where it stands, free of everything that policy does not allow (aliases, tags, repeated keys).
struct Node: Sendable {
    var place: Place
    var content: Content

    /// 1-based; columns count Unicode scalars.
    struct Place: Sendable, Hashable {
        var file: String
        var line: Int
        var column: Int
    }

    indirect enum Content: Sendable {
        /// `null`, `~` or nothing: as if the key were not there.
        case null
        case scalar(String, quoted: Bool)
        case sequence([Node])
        case mapping([Member])
    }

    struct Member: Sendable {
        var key: String
        var place: Place
        var value: Node
    }

    var isNull: Bool {
        if case .null = content { true } else { false }
    }

    /// The text of a scalar.
    var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    var isMapping: Bool {
        if case .mapping = content { true } else { false }
    }

    /// What stands here, for messages.
    var kind: String {
        switch content {
        case .null: "nothing"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
