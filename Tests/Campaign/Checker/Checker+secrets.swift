internal import Wire

extension Checker {
    /// No secret stands in an event, in a text or in a file (docs/threats.md#i9).
    func secrets() -> [String] {
        let search = SecretSearch(evidence.secrets)
        var words: [String] = []
        for (name, records) in [("log", evidence.facts), ("access log", evidence.accesses)] {
            for (position, record) in records.enumerated() where search.finds(in: record) {
                words.append("a secret stands in the \(name) at \(position)")
            }
        }
        for (name, text) in evidence.texts {
            let offsets = search.offsets(in: Array(text.utf8))
            guard let first = offsets.first else { continue }
            words.append("\(offsets.count) secrets stand in \(name), the first at byte \(first)")
        }
        words += evidence.tellingFiles.map { "a secret stands in the file \($0)" }
        return words
    }
}
