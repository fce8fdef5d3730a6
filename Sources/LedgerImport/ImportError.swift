/// Why a file is not imported at all.
package enum ImportError: Error, Equatable {
    /// What the system said of the file, or of the space for sorting.
    case system(String)
    /// It is read twice, so it must be a file.
    case notAFile
    /// It holds tokens, and others than its owner may read or write it.
    case openToOthers
    /// Nothing is in it.
    case empty
    /// The first line of a CSV file does not name the four columns.
    case header
    /// It was changed between the check and the import.
    case changed
}

extension ImportError: CustomStringConvertible {
    /// A sentence for the person at the terminal.
    package var description: String {
        switch self {
        case .system(let problem): "it cannot be read, or what is sorted not be kept: \(problem)"
        case .notAFile: "it is no regular file, and it is read twice: once to check it"
        case .openToOthers:
            "it holds tokens, and others than its owner may read or write it (chmod 600)"
        case .empty: "it is empty"
        case .header:
            "its first line must name the columns \(ImportField.names), in any order and no other; "
                + "or the file is NDJSON, whose first character is a brace"
        case .changed:
            "it was changed after it was checked; what was taken over until then counts, and the same "
                + "command checks it anew and goes on"
        }
    }
}
