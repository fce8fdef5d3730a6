internal import Wire

// How launches and finishes stand in records.

extension LedgerEvent {
    static func readFinish(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        switch type {
        case "finish.received": .finishReceived(try Finish(from: &reader))
        case "finish.held": .finishHeld(try Finish(from: &reader))
        case "finish.confirmed":
            .finishConfirmed(
                finalize: try reader.firstIdentifier("finalize"),
                human: try reader.nextFingerprint("human")
            )
        case "finish.refused":
            .finishRefused(
                launch: try reader.firstIdentifier("launch"),
                human: try reader.nextFingerprint("human")
            )
        default: .verifierRefused(launch: try reader.firstIdentifier("launch"))
        }
    }
}

extension LedgerEvent.Launch {
    func write(to writer: inout JSONWriter) {
        writer.member("launch", launch)
        writer.member("finish", finish.rawValue)
        writer.member("expiry", expiry)
        if let challenge { writer.member("challenge", challenge) }
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        launch = try reader.firstIdentifier("launch")
        guard let finish = FinishMode(rawValue: try reader.nextString("finish")) else {
            throw .unknownType("finish")
        }
        self.finish = finish
        try reader.literal(",\"expiry\":")
        expiry = try reader.recordTime()
        challenge = reader.skip(",\"challenge\":") ? try reader.fingerprint() : nil
    }
}

extension LedgerEvent.Finish {
    func write(to writer: inout JSONWriter) {
        writer.member("finalize", finalize)
        writer.member("launch", launch)
        writer.member("session", session)
        writer.member("human", human)
        writer.member("binding", binding.rawValue)
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        finalize = try reader.firstIdentifier("finalize")
        launch = try reader.nextIdentifier("launch")
        session = try reader.nextFingerprint("session")
        human = try reader.nextFingerprint("human")
        guard let binding = FinishBinding(rawValue: try reader.nextString("binding")) else {
            throw .unknownType("binding")
        }
        self.binding = binding
    }
}
