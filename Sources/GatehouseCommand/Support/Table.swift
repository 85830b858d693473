/// Rows in columns as wide as their widest cell. Colour does not count as width.
struct Table {
    struct Cell {
        var text: String
        var style = Terminal.Style.plain

        init(_ text: String, _ style: Terminal.Style = .plain) {
            self.text = Terminal.printable(text)
            self.style = style
        }
    }

    /// Characters that a column keeps when it is cut.
    private static let narrowest = 12

    private var rows: [[Cell]]
    private let right: Set<Int>

    /// - Parameter right: columns of numbers.
    init(_ titles: [String], right: Set<Int> = []) {
        rows = [titles.map { Cell($0, .faint) }]
        self.right = right
    }

    mutating func add(_ row: [Cell]) { rows.append(row) }

    /// Columns that are empty in every row are left out; two blanks between the others, none at the end.
    ///
    /// - Parameters:
    ///   - width: columns of the terminal.
    ///   - spare: columns of the table that give way where it is wider, the first one first.
    ///   - cut: a column whose texts keep only their ends where that is enough, before others give way.
    func lines(indent: Int = 0, width: Int = .max, spare: [Int] = [], cut: Int? = nil) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        var columns = (0..<count).filter { column in rows.dropFirst().contains { column < $0.count && !$0[column].text.isEmpty } }
        func needed(_ column: Int) -> Int { rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0 }
        func least(_ column: Int) -> Int { column == cut ? min(needed(column), Self.narrowest) : needed(column) }
        for column in spare where indent + columns.reduce(-2, { $0 + least($1) + 2 }) > width { columns.removeAll { $0 == column } }
        var widths = columns.map(needed)
        var shown = rows
        let over = indent + widths.reduce(-2) { $0 + $1 + 2 } - width
        if over > 0, let cut, let place = columns.firstIndex(of: cut) {
            widths[place] = max(least(cut), widths[place] - over)
            for row in shown.indices where cut < shown[row].count && shown[row][cut].text.count > widths[place] {
                shown[row][cut].text = "…" + shown[row][cut].text.suffix(widths[place] - 1)
            }
        }
        return shown.map { row in
            var line = String(repeating: " ", count: indent)
            for (place, column) in columns.enumerated() {
                let cell = column < row.count ? row[column] : Cell("")
                let blanks = String(repeating: " ", count: max(0, widths[place] - cell.text.count))
                let text = cell.text.isEmpty ? "" : Terminal.styled(cell.text, cell.style)
                let isLast = place == columns.count - 1
                line += right.contains(column) ? blanks + text : isLast ? text : text + blanks
                if !isLast { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
