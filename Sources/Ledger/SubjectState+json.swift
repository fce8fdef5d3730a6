internal import Wire

extension SubjectState {
    /// The state as one line of JSON, always the same for the same state: what the projection
    /// stores, so that a rebuilt row can be compared byte for byte.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("version", version)
        writer.member("status", status.rawValue)
        if let human { writer.member("human", human) }
        if let accessToken {
            writer.key("access_token")
            accessToken.write(to: &writer)
        }
        if let publicToken {
            writer.key("public_token")
            publicToken.write(to: &writer)
        }
        if isDoubted { writer.member("doubted", true) }
        if let brokenReason { writer.member("broken", brokenReason) }
        if !openFinalizes.isEmpty {
            writer.key("finalizes")
            writer.openArray()
            for open in openFinalizes {
                writer.element()
                open.write(to: &writer)
            }
            writer.closeArray()
        }
        writer.close()
        return writer.bytes
    }

    /// Reads a stored state.
    package init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = RecordReader(bytes)
        try reader.literal("{\"version\":")
        version = try reader.integer()
        try reader.literal(",\"status\":")
        guard let status = Status(rawValue: try reader.string()) else {
            throw .malformed(offset: 0)
        }
        self.status = status
        human = reader.skip(",\"human\":") ? try reader.fingerprint() : nil
        accessToken =
            reader.skip(",\"access_token\":") ? try HeldToken(from: &reader) : nil
        publicToken =
            reader.skip(",\"public_token\":") ? try HeldToken(from: &reader) : nil
        isDoubted = reader.skip(",\"doubted\":true")
        brokenReason = reader.skip(",\"broken\":") ? try reader.string() : nil
        if reader.skip(",\"finalizes\":[") {
            repeat {
                openFinalizes.append(try OpenFinalize(from: &reader))
            } while reader.skip(",")
            try reader.literal("]")
        }
        try reader.literal("}")
        guard reader.isAtEnd else { throw .malformed(offset: bytes.count) }
    }
}

extension SubjectState.HeldToken {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("version", version)
        writer.member("fingerprint", fingerprint)
        writer.member("issued_at", issuedAt)
        writer.close()
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{\"version\":")
        version = try reader.integer()
        try reader.literal(",\"fingerprint\":")
        fingerprint = try reader.fingerprint()
        try reader.literal(",\"issued_at\":")
        issuedAt = try reader.recordTime()
        try reader.literal("}")
    }
}

extension SubjectState.OpenFinalize {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("finalize", finalize)
        writer.member("launch", launch)
        writer.member("received", received)
        writer.member("dispatches", dispatches)
        if let unresolved { writer.member("unresolved", unresolved) }
        writer.close()
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{\"finalize\":")
        finalize = try reader.identifier()
        try reader.literal(",\"launch\":")
        launch = try reader.identifier()
        try reader.literal(",\"received\":")
        received = try reader.integer()
        try reader.literal(",\"dispatches\":")
        dispatches = try reader.integer()
        unresolved = reader.skip(",\"unresolved\":") ? try reader.string() : nil
        try reader.literal("}")
    }
}
