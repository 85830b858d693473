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
    func lines(indent: Int = 0, width: Int = .max, spare: [Int] = []) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        var columns = (0..<count).filter { column in rows.dropFirst().contains { column < $0.count && !$0[column].text.isEmpty } }
        func needed(_ column: Int) -> Int { rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0 }
        for column in spare where indent + columns.reduce(-2, { $0 + needed($1) + 2 }) > width { columns.removeAll { $0 == column } }
        let widths = columns.map(needed)
        return rows.map { row in
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
