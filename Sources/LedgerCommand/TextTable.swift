/// Lines with columns that stand below each other.
enum TextTable {
    /// The rows, two spaces between columns, nothing behind the last.
    ///
    /// What would steer a terminal, or show text in another order than it has, is shown as U+FFFD: cells
    /// hold what callers and other programs wrote.
    static func rows(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(plain) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func plain(_ cell: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in cell.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: plain.append("\u{FFFD}")
            default: plain.append(scalar)
            }
        }
        return String(plain)
    }
}
