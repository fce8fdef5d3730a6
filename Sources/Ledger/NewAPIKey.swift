internal import Wire

extension LedgerEvent {
    /// What an API key was made for.
    package struct NewAPIKey: Sendable, Equatable {
        /// Names the key; nothing of the key itself is in the log.
        package let key: String
        package let scopes: [String]
        /// From how many networks alone it may be used; 0 stands for all there are.
        ///
        /// Which these are is not told: one address may be one person's.
        package let networks: Int64
        /// The thumbprints of the certificates without one of which it is refused, if there are any.
        ///
        /// They say nothing of whom a certificate is for.
        package let clientCertificates: [String]
        /// When it ends, if it does.
        package let expiry: Timestamp?
        /// The key whose place it takes, if it takes one's.
        package let replaces: String?

        package init(
            key: String,
            scopes: [String],
            networks: Int64 = 0,
            clientCertificates: [String] = [],
            expiry: Timestamp? = nil,
            replaces: String? = nil
        ) {
            self.key = key
            self.scopes = scopes
            self.networks = networks
            self.clientCertificates = clientCertificates
            self.expiry = expiry
            self.replaces = replaces
        }
    }
}

extension LedgerEvent.NewAPIKey {
    func write(to writer: inout JSONWriter) {
        writer.member("key", key)
        writer.member("scopes", scopes)
        if networks > 0 { writer.member("networks", networks) }
        if !clientCertificates.isEmpty {
            writer.member("client_certificates", clientCertificates)
        }
        if let expiry { writer.member("expiry", expiry) }
        if let replaces { writer.member("replaces", replaces) }
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("\"key\":")
        key = try reader.string()
        try reader.next("scopes")
        scopes = try reader.list()
        networks = reader.skip(",\"networks\":") ? try reader.count() : 0
        clientCertificates =
            reader.skip(",\"client_certificates\":") ? try reader.strings() : []
        expiry = reader.skip(",\"expiry\":") ? try reader.recordTime() : nil
        replaces = reader.skip(",\"replaces\":") ? try reader.string() : nil
    }
}
