import GatehousePolicy
import GatehouseVerify

/// What is wrong with the headers that a scheme needs, told by their names alone.
enum HeaderFinding: Equatable {
    struct Renaming: Equatable {
        /// Lower case, as the scheme has it.
        var wanted: String
        /// As it came.
        var came: String
    }

    case repeated(String, count: Int)
    /// Never empty.
    case renamed([Renaming])
    /// The same header of another version: `X-Hub-Signature` for `X-Hub-Signature-256`.
    case otherVersion(Renaming)
    case missing(String)

    /// Nil where every header is there once.
    init?(_ scheme: Scheme, among names: [String]) {
        let needed = Self.needed(scheme)
        var absent: [String] = []
        for name in needed {
            let count = names.count { $0.lowercased() == name }
            if count > 1, !scheme.signature.several {
                self = .repeated(name, count: count)
                return
            }
            if count == 0 { absent.append(name) }
        }
        guard let first = absent.first else { return nil }
        let family = Self.family(absent, among: names)
        let near = absent.compactMap { name in Self.near(name, among: names).map { Renaming(wanted: name, came: $0) } }
        if !family.isEmpty {
            self = .renamed(family)
        } else if near.first?.wanted == first {
            self = .renamed(near)
        } else if let other = Self.otherVersion(first, among: names) {
            self = .otherVersion(Renaming(wanted: first, came: other))
        } else {
            self = .missing(first)
        }
    }

    /// Lower case.
    static func needed(_ scheme: Scheme) -> [String] {
        var names: [String] = []
        var sources = scheme.signature.sources.count == 1 ? scheme.signature.sources : []
        if let source = scheme.timestamp?.source { sources.append(source) }
        for case .header(let name) in sources where !name.hasSuffix("*") { names.append(name) }
        for case .header(let name) in scheme.signed where !names.contains(name) { names.append(name) }
        return names
    }

    /// Several headers under another first word: `svix-id`, `svix-timestamp` and `svix-signature` for `webhook-…`. One alone would prove
    /// nothing: any `x-id` would do.
    private static func family(_ absent: [String], among names: [String]) -> [Renaming] {
        guard absent.count > 1, let prefix = absent.first?.prefix(while: { $0 != "-" }), absent.allSatisfy({ $0.hasPrefix(prefix + "-") })
        else { return [] }
        let endings = absent.map { String($0.dropFirst(prefix.count)) }
        for name in names where endings.first.map({ name.lowercased().hasSuffix($0) }) ?? false {
            let other = name.dropLast(endings.first?.count ?? 0).lowercased()
            let renamings = zip(absent, endings).compactMap { wanted, ending in
                names.first { $0.lowercased() == other + ending }.map { Renaming(wanted: wanted, came: $0) }
            }
            if renamings.count == absent.count { return renamings }
        }
        return []
    }

    /// The same name but for `X-`, case, `-` and `_`.
    private static func near(_ name: String, among names: [String]) -> String? {
        let wanted = bare(name)
        return names.first { bare($0) == wanted }
            ?? names.first { bare($0).hasSuffix(wanted) || wanted.hasSuffix(bare($0)) && bare($0).count > 5 }
    }

    private static func bare(_ text: some StringProtocol) -> String {
        let letters = text.lowercased().filter { $0.isLetter || $0.isNumber }
        return letters.hasPrefix("x") ? String(letters.dropFirst()) : letters
    }

    private static func otherVersion(_ name: String, among names: [String]) -> String? {
        let wanted = bare(withoutVersion(name))
        return names.first { bare(withoutVersion($0)) == wanted }
    }

    /// Without `-256`, `-v3`, `-sha256` at its end.
    private static func withoutVersion(_ name: String) -> Substring {
        guard let dash = name.lastIndex(where: { $0 == "-" || $0 == "_" }) else { return name[...] }
        let last = name[name.index(after: dash)...].lowercased()
        let digits = last.drop { $0.isLetter }
        guard !digits.isEmpty, digits.allSatisfy(\.isNumber), ["", "v", "sha"].contains(last.prefix { $0.isLetter }) else {
            return name[...]
        }
        return name[..<dash]
    }
}
