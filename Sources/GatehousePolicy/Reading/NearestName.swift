/// The name that was probably meant: few edits away, the first of those in order.
func nearestName(to text: String, among names: some Sequence<String>) -> String? {
    let allowed = max(1, min(3, text.count / 3))
    var best: (name: String, distance: Int)?
    for name in names.sorted() {
        let distance = editDistance(text, name, limit: allowed)
        if distance <= allowed, distance < (best?.distance ?? .max) { best = (name, distance) }
    }
    return best?.name
}

/// A hint naming what was probably meant, else all that is possible where that is little.
func nameHint(_ text: String, among names: some Collection<String>) -> String? {
    if let nearest = nearestName(to: text, among: names) { return "did you mean '\(nearest)'?" }
    return names.isEmpty || names.count > 16 ? nil : "known: \(names.sorted().joined(separator: ", "))"
}

/// Levenshtein's distance, or more than `limit` where it is surely larger.
private func editDistance(_ left: String, _ right: String, limit: Int) -> Int {
    let left = Array(left.utf8.prefix(64))
    let right = Array(right.utf8.prefix(64))
    guard abs(left.count - right.count) <= limit else { return limit + 1 }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(diagonal + (a == b ? 0 : 1), above + 1, row[j] + 1)
            diagonal = above
        }
    }
    return row[right.count]
}
