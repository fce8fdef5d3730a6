package import Ledger
internal import Wire

/// Who a subject is, as one line of `identities.ndjson`.
///
/// Nothing proves it but the signature over the manifest.
package struct BundleIdentity: Sendable, Equatable {
    package var subject: Identifier
    package var clientUserID: String?
    package var humanID: String?

    package init(subject: Identifier, clientUserID: String?, humanID: String?) {
        self.subject = subject
        self.clientUserID = clientUserID
        self.humanID = humanID
    }

    /// The line, with its line end.
    func append(to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        writer.open()
        writer.member("subject", subject)
        if let clientUserID { writer.member("client_user_id", clientUserID) }
        if let humanID { writer.member("human_id", humanID) }
        writer.close()
        bytes += writer.bytes
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Reads a line without its line end.
    init(decoding line: [UInt8]) throws(RecordError) {
        var reader = RecordReader(line)
        try reader.literal("{\"subject\":")
        subject = try reader.identifier()
        var isFirst = false
        clientUserID = reader.next("client_user_id", &isFirst) ? try reader.string() : nil
        humanID = reader.next("human_id", &isFirst) ? try reader.string() : nil
        try reader.literal("}")
        guard reader.isAtEnd else { throw .malformed(offset: line.count) }
    }
}
