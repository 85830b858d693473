/// Reads the members of one YAML mapping, key by key, and at the end names the keys that nobody asked for.
///
/// The readers of policy are lists of such calls: each states a key's name, form and default beside the comment that documents it.
final class Mapping {
    let node: Node
    /// What this mapping describes, for messages: "a listener".
    let what: String
    let reading: Reading
    private var members: [String: Node.Member] = [:]
    private var known: Set<String> = []
    private var misplaced: [String: String] = [:]

    /// nil, and said so, where `node` is no mapping. Nothing at all counts as an empty mapping.
    init?(_ node: Node, _ what: String, _ reading: Reading) {
        self.node = node
        self.what = what
        self.reading = reading
        switch node.content {
        case .null: break
        case .mapping(let list): for member in list { members[member.key] = member }
        case .scalar, .sequence:
            reading.error("\(what) is a mapping of keys to values, not \(node.kind)", at: node)
            return nil
        }
    }

    var isEmpty: Bool { members.isEmpty }

    /// The value of `key`; nil where it is absent or null.
    func node(_ key: String) -> Node? {
        known.insert(key)
        guard let value = members[key]?.value, !value.isNull else { return nil }
        return value
    }

    /// The member as it stands, null or not, for messages about the key itself.
    func place(of key: String) -> Node.Place { members[key]?.place ?? node.place }

    /// nil where the key is absent, null or (said so) wrong.
    func value<Value>(_ key: String, _ form: Form<Value>) -> Value? {
        node(key).flatMap { form.read($0, reading) }
    }

    func value<Value>(_ key: String, _ form: Form<Value>, default value: Value) -> Value {
        self.value(key, form) ?? value
    }

    /// As ``value(_:_:)``, and an absent key is a mistake.
    func required<Value>(_ key: String, _ form: Form<Value>, hint: String? = nil) -> Value? {
        guard let value = node(key) else {
            reading.error("\(what) needs '\(key)'", at: members[key]?.place ?? node.place, hint: hint)
            return nil
        }
        return form.read(value, reading)
    }

    func mapping(_ key: String, _ what: String) -> Mapping? {
        node(key).flatMap { Mapping($0, what, reading) }
    }

    /// The keys that exist but mean nothing here; `finish` says why.
    func refuse(_ keys: [String], because reason: String) {
        for key in keys { misplaced[key] = reason }
    }

    /// Names every key that was not asked for.
    func finish() {
        for (key, member) in members where !known.contains(key) {
            if let reason = misplaced[key] {
                reading.error("'\(key)' \(reason)", at: member.place)
            } else if SecretText.isSecretName(key) {
                reading.error(
                    "unknown key \(quoted(key)): policy never holds a secret", at: member.place,
                    hint: "store it with 'gatehouse secret add SENDER/signing' and remove it here")
            } else {
                reading.error("unknown key \(quoted(key)) in \(what)", at: member.place, hint: nameHint(key, among: known))
            }
        }
    }
}
