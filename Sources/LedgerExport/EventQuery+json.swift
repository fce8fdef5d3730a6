internal import Ledger
internal import Wire

extension EventQuery {
    /// Writes the conditions as an object.
    func write(to writer: inout JSONWriter) {
        writer.open()
        if let clientID { writer.member("client_id", clientID) }
        if let subject { writer.member("subject", subject) }
        if !types.isEmpty { writer.member("types", types) }
        if let since { writer.member("since", since) }
        if let before { writer.member("until", before) }
        writer.close()
    }

    /// Reads what `write` writes.
    init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{")
        var isFirst = true
        self.init()
        if reader.next("client_id", &isFirst) { clientID = try reader.string() }
        if reader.next("subject", &isFirst) { subject = try reader.identifier() }
        if reader.next("types", &isFirst) { types = try reader.strings() }
        if reader.next("since", &isFirst) { since = try reader.recordTime() }
        if reader.next("until", &isFirst) { before = try reader.recordTime() }
        try reader.literal("}")
    }
}
