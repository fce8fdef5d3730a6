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
        if let claimedPerson {
            writer.key("claimed")
            writer.open()
            writer.member("human", claimedPerson.human)
            writer.member("received", claimedPerson.received)
            writer.close()
        }
        if isContested { writer.member("contested", true) }
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
        if isHeld { writer.member("held", true) }
        writer.list("popups", popups) { $0.write(to: &$1) }
        writer.list("finalizes", openFinalizes) { $0.write(to: &$1) }
        writer.close()
        return writer.bytes
    }

    /// Reads a stored state.
    package init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = RecordReader(bytes)
        try reader.literal("{\"version\":")
        version = try reader.integer()
        try reader.literal(",\"status\":")
        status = try reader.word(Status.self)
        human = reader.skip(",\"human\":") ? try reader.fingerprint() : nil
        claimedPerson = reader.skip(",\"claimed\":") ? try ClaimedPerson(from: &reader) : nil
        isContested = reader.skip(",\"contested\":true")
        accessToken =
            reader.skip(",\"access_token\":") ? try HeldToken(from: &reader) : nil
        publicToken =
            reader.skip(",\"public_token\":") ? try HeldToken(from: &reader) : nil
        isDoubted = reader.skip(",\"doubted\":true")
        brokenReason = reader.skip(",\"broken\":") ? try reader.string() : nil
        isHeld = reader.skip(",\"held\":true")
        if reader.skip(",\"popups\":[") {
            repeat { popups.append(try Popup(from: &reader)) } while reader.skip(",")
            try reader.literal("]")
        }
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
        writer.member("received_at", receivedAt)
        writer.member("dispatches", dispatches)
        writer.member("dispatched", dispatched)
        writer.member("changed_at", changedAt)
        if let unresolved { writer.member("unresolved", unresolved) }
        if let abandoned { writer.member("abandoned", abandoned.rawValue) }
        if isHeld { writer.member("held", true) }
        writer.close()
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{\"finalize\":")
        finalize = try reader.identifier()
        try reader.literal(",\"launch\":")
        launch = try reader.identifier()
        try reader.literal(",\"received\":")
        received = try reader.integer()
        try reader.literal(",\"received_at\":")
        receivedAt = try reader.recordTime()
        try reader.literal(",\"dispatches\":")
        dispatches = try reader.integer()
        try reader.literal(",\"dispatched\":")
        dispatched = try reader.integer()
        try reader.literal(",\"changed_at\":")
        changedAt = try reader.recordTime()
        unresolved = reader.skip(",\"unresolved\":") ? try reader.string() : nil
        if reader.skip(",\"abandoned\":") {
            abandoned = try reader.word(AbandonReason.self)
        }
        isHeld = reader.skip(",\"held\":true")
        try reader.literal("}")
    }
}

extension SubjectState.ClaimedPerson {
    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{\"human\":")
        human = try reader.fingerprint()
        try reader.literal(",\"received\":")
        received = try reader.integer()
        try reader.literal("}")
    }
}

extension SubjectState.Popup {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("launch", launch)
        if finishes > 0 { writer.member("finishes", finishes) }
        if let end { writer.member("end", end.rawValue) }
        writer.close()
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{\"launch\":")
        launch = try reader.identifier()
        finishes = 0
        if reader.skip(",\"finishes\":") {
            finishes = try reader.integer()
            guard finishes > 0 else { throw .malformed(offset: 0) }
        }
        end = reader.skip(",\"end\":") ? try reader.word(End.self) : nil
        try reader.literal("}")
    }
}

extension JSONWriter {
    /// A member with a list, unless that is empty.
    fileprivate mutating func list<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ write: (Element, inout JSONWriter) -> Void
    ) {
        guard !elements.isEmpty else { return }
        key(name)
        openArray()
        for item in elements {
            element()
            write(item, &self)
        }
        closeArray()
    }
}

extension RecordReader {
    /// One of the words of a closed list.
    fileprivate mutating func word<Word: RawRepresentable<String>>(
        _ type: Word.Type
    ) throws(RecordError) -> Word {
        guard let word = Word(rawValue: try string()) else { throw .malformed(offset: 0) }
        return word
    }
}
