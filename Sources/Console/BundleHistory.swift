package import Ledger
internal import Wire

/// What a bundle's page tells of each event: a sentence, and what it changed of its user's state.
///
/// The state is the ledger's own fold, so that there is no second one in a script. It keeps the state
/// of each user that it has met.
package final class BundleHistory {
    private let log: Log
    /// Nil from where on events of the user are missing.
    private var states: [Identifier: SubjectState?] = [:]

    /// Of events of this log, from the first one of the bundle on.
    package init(of log: Log) {
        self.log = log
    }

    /// The next event's line, without its end: the sentence, and a list of changes, each with the
    /// field's place among `StateField.list` and its new text.
    ///
    /// Without a list the state is not known any more.
    package func line(of bytes: [UInt8]) -> [UInt8] {
        let record = try? Record(decoding: bytes)
        let placed = PlacedRecord(log: log, position: 0, bytes: bytes, record: record)
        var writer = JSONWriter()
        writer.openArray()
        writer.element()
        writer.string(record == nil ? "No record that the ledger writes." : placed.sentence)
        if let changes = record.map({ changes(by: $0) }) ?? [] {
            writer.element()
            writer.openArray()
            for change in changes {
                writer.element()
                writer.openArray()
                writer.element()
                writer.json(Array("\(change.field)".utf8))
                writer.element()
                writer.string(change.text)
                writer.closeArray()
            }
            writer.closeArray()
        }
        writer.closeArray()
        return writer.bytes
    }

    private func changes(by record: Record) -> [(field: Int, text: String)]? {
        guard log.kind == .facts, let subject = record.subject, record.subjectVersion != nil else {
            return []
        }
        let known = states[subject, default: SubjectState()]
        guard let before = known else { return nil }
        var after = before
        do {
            try after.apply(record)
        } catch {
            states[subject] = .some(nil)
            return nil
        }
        states[subject] = after
        return zip(StateField.list(before), StateField.list(after)).enumerated().compactMap {
            index,
            pair in pair.0.text == pair.1.text ? nil : (index, pair.1.text)
        }
    }
}
