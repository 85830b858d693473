/// How one value is read: its Swift type from a node, or nil with the mistake said.
struct Form<Value> {
    let read: (Node, Reading) -> Value?
}

extension Form where Value == String {
    /// Any single value as text, not empty.
    static var text: Form { text("text") { _ in true } }

    /// Text that `accept` holds true for; `what` is what it should be, as in "a media type".
    static func text(_ what: String, hint: String? = nil, _ accept: @escaping (String) -> Bool) -> Form {
        Form { node, reading in
            guard let text = node.text else {
                reading.error("expected \(what), not \(node.kind)", at: node, hint: hint)
                return nil
            }
            guard !text.isEmpty, accept(text) else {
                reading.error(text.isEmpty ? "expected \(what), not nothing" : "\(quoted(text)) is not \(what)", at: node, hint: hint)
                return nil
            }
            return text
        }
    }

    /// A name of our own: a sender, an endpoint, a handler.
    static var name: Form {
        text("a name", hint: "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit", PolicyText.isSafeName)
    }

    /// A header's name, in lower case.
    static var headerName: Form {
        Form { node, reading in
            text("a header name", hint: "a token of RFC 9110, without ':'", PolicyText.isToken).read(node, reading)?.lowercased()
        }
    }

    /// A path, as seen from the directory of the file that names it.
    static var path: Form {
        Form { node, reading in
            text("a path") { !$0.utf8.contains(0) }.read(node, reading).map { SourceFile.resolve($0, from: node.place.file) }
        }
    }

    /// A path to a file that can be read now.
    static func readableFile(hint: String) -> Form {
        Form { node, reading in
            guard let path = path.read(node, reading) else { return nil }
            if reading.checksFiles, let obstacle = SourceFile.obstacle(path) {
                reading.error("\(quoted(path, limit: 1_000)) \(obstacle)", at: node, hint: hint)
            }
            return path
        }
    }
}

extension Form where Value == Bool {
    static var flag: Form {
        Form { node, reading in
            if case .scalar(let text, quoted: false) = node.content {
                if text == "true" { return true }
                if text == "false" { return false }
            }
            reading.error("expected true or false, not \(node.text.map(quoted) ?? node.kind)", at: node)
            return nil
        }
    }
}

extension Form where Value == Int {
    static func number(_ range: ClosedRange<Int>) -> Form {
        Form { node, reading in
            guard case .scalar(let text, quoted: false) = node.content, let number = PolicyText.number(text) else {
                reading.error("expected a whole number, not \(node.text.map(quoted) ?? node.kind)", at: node)
                return nil
            }
            guard range.contains(number) else {
                reading.error("\(number) is outside \(range.lowerBound) to \(range.upperBound)", at: node)
                return nil
            }
            return number
        }
    }

    /// In bytes.
    static func size(atLeast least: Int = 1, atMost most: Int = 1 << 40) -> Form {
        Form { node, reading in
            guard let size = node.text.flatMap({ PolicyText.size($0) }) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) is not a size", at: node,
                    hint: "a whole number and B, KiB, MiB or GiB, as in 16KiB")
                return nil
            }
            guard (least...most).contains(size) else {
                reading.error(
                    "\(quoted(node.text ?? "")) is outside \(PolicyText.text(size: least)) to \(PolicyText.text(size: most))", at: node)
                return nil
            }
            return size
        }
    }
}

extension Form where Value == Duration {
    /// More than nothing.
    static var duration: Form {
        Form { node, reading in
            guard let duration = durationOrZero.read(node, reading) else { return nil }
            guard duration > .zero else {
                reading.error("must be more than zero", at: node)
                return nil
            }
            return duration
        }
    }

    static var durationOrZero: Form {
        Form { node, reading in
            guard let duration = node.text.flatMap({ PolicyText.duration($0) }) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) is not a duration", at: node,
                    hint: "a whole number and ms, s, m, h or d, as in 30s")
                return nil
            }
            return duration
        }
    }
}

extension Form where Value == Rate {
    static var rate: Form {
        Form { node, reading in
            guard let rate = node.text.flatMap({ PolicyText.rate($0) }) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) is not a rate", at: node,
                    hint: "a whole number above 0 and /s, /m or /h, as in 100/s")
                return nil
            }
            return rate
        }
    }
}

extension Form where Value == Network {
    static var network: Form {
        Form { node, reading in
            guard let network = node.text.flatMap({ Network($0) }) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) is not a network", at: node,
                    hint: "an address, or address/prefix without bits beyond the prefix, as in 203.0.113.0/24")
                return nil
            }
            return network
        }
    }
}

extension Form where Value == SocketAddressText {
    static var address: Form {
        Form { node, reading in
            guard let address = node.text.flatMap({ PolicyText.address($0) }) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) is not an address", at: node, hint: "HOST:PORT, as in 0.0.0.0:8443 or [::]:8443")
                return nil
            }
            return address
        }
    }
}

extension Form where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the cases, by its text.
    static var choice: Form {
        Form { node, reading in
            if let value = node.text.flatMap({ Value(rawValue: $0) }) { return value }
            let names = Value.allCases.map(\.rawValue)
            reading.error(
                "\(node.text.map(quoted) ?? node.kind) is not one of \(names.joined(separator: ", "))", at: node,
                hint: node.text.flatMap { nearestName(to: $0, among: names) }.map { "did you mean '\($0)'?" })
            return nil
        }
    }
}

extension Form {
    /// A list of values, each read by `element`; the ones that are wrong are said and left out.
    static func list<Element>(_ element: Form<Element>) -> Form where Value == [Element] {
        Form { node, reading in
            guard case .sequence(let items) = node.content else {
                reading.error(
                    "expected a list, not \(node.kind)", at: node,
                    hint: node.text == nil ? nil : "put it in brackets: [\(quoted(node.text ?? ""))]")
                return nil
            }
            return items.compactMap { element.read($0, reading) }
        }
    }

    /// As ``list(_:)``, without repetitions and not empty.
    static func distinct<Element: Hashable>(_ element: Form<Element>, mayBeEmpty: Bool = true) -> Form where Value == [Element] {
        Form { node, reading in
            guard case .sequence(let items) = node.content else { return list(element).read(node, reading) }
            if items.isEmpty, !mayBeEmpty {
                reading.error("must not be empty", at: node)
                return nil
            }
            var seen: Set<Element> = []
            var values: [Element] = []
            for item in items {
                guard let value = element.read(item, reading) else { continue }
                if seen.insert(value).inserted {
                    values.append(value)
                } else {
                    reading.error("\(item.text.map(quoted) ?? item.kind) appears twice in the list", at: item)
                }
            }
            return values
        }
    }
}
