internal import Wire

extension LedgerEvent {
    /// Writes the members of `data`.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .connectLaunched(let launch):
            launch.write(to: &writer)
        case .editLaunched(let launch, let version):
            launch.write(to: &writer)
            writer.member("public_token_version", version)
        case .launchClosed(let launch), .verifierRefused(let launch):
            writer.member("launch", launch)
        case .launchFailed(let launch, let code):
            writer.member("launch", launch)
            writer.member("code", code)
        case .finishReceived(let finish), .finishHeld(let finish):
            finish.write(to: &writer)
        case .finishConfirmed(let finalize, let human):
            writer.member("finalize", finalize)
            writer.member("human", human)
        case .finishRefused(let launch, let human):
            writer.member("launch", launch)
            writer.member("human", human)
        case .exchangeDispatched(let finalize, let number):
            writer.member("finalize", finalize)
            writer.member("number", number)
        case .connectFinalized(let finalize, let launch, let human),
            .editFinalized(let finalize, let launch, let human):
            writer.member("finalize", finalize)
            writer.member("launch", launch)
            writer.member("human", human)
        case .accessTokenRotated(let token, let cause), .publicTokenRotated(let token, let cause):
            token.write(to: &writer)
            writer.member("cause", cause)
        case .finalizeRejected(let finalize, let status):
            writer.member("finalize", finalize)
            writer.member("status", status)
        case .finalizeUnresolved(let finalize, let reason):
            writer.member("finalize", finalize)
            writer.member("class", reason)
        case .finalizeRefused(let finalize, let mismatch):
            writer.member("finalize", finalize)
            writer.member("which", mismatch.rawValue)
        case .finalizeAbandoned(let finalize, let reason):
            writer.member("finalize", finalize)
            writer.member("reason", reason.rawValue)
        case .finalizeSuperseded(let finalize, let accessToken, let publicToken):
            writer.member("finalize", finalize)
            writer.member("access_token", accessToken)
            writer.member("public_token", publicToken)
        case .publicTokenRecovered(let token, let human):
            token.write(to: &writer)
            writer.member("human", human)
        case .tokensImported(let tokens):
            tokens.write(to: &writer)
        case .personGone(let human):
            writer.member("human", human)
        case .subjectErased, .subjectHeld, .subjectReleased: writeErasure(to: &writer)
        case .connectionBroken, .tokenRead, .logExported, .logFollowed, .tokenSearched,
            .tokenRevealed, .userViewed, .accessNoted, .appAdded, .appUpdated, .valuesDropped,
            .apiKeyCreated, .apiKeyExpirySet, .apiKeyRevoked, .rootKeyRotated, .webhook,
            .problemMuted, .problemUnmuted:
            writeOther(to: &writer)
        }
    }

    /// Events that are not part of the connect flow.
    private func writeOther(to writer: inout JSONWriter) {
        switch self {
        case .connectionBroken(let reason):
            writer.member("reason", reason)
        case .tokenRead(let kind, let version, let key):
            writer.member("kind", kind.rawValue)
            writer.member("version", version)
            writer.member("key", key)
        case .logExported(let export):
            export.write(to: &writer)
        case .logFollowed(let follow):
            follow.write(to: &writer)
        case .tokenSearched(let accessToken, let publicToken, let matches):
            writer.member("access_token", accessToken)
            writer.member("public_token", publicToken)
            writer.member("matches", matches)
        case .tokenRevealed(let reveal):
            reveal.write(to: &writer)
        case .userViewed: break
        case .accessNoted(let kind):
            writer.member("access", kind.rawValue)
        case .appAdded(let name):
            writer.member("name", name)
        case .appUpdated(let update):
            update.write(to: &writer)
        case .valuesDropped(let count, let until):
            writer.member("count", count)
            writer.member("until", until)
        case .apiKeyCreated(let key):
            key.write(to: &writer)
        case .apiKeyExpirySet(let key, let expiry):
            writer.member("key", key)
            writer.member("expiry", expiry)
        case .apiKeyRevoked(let key):
            writer.member("key", key)
        case .rootKeyRotated(let old, let new, let keys):
            writer.member("from", old)
            writer.member("to", new)
            writer.member("keys", keys)
        case .webhook(let webhook): webhook.write(to: &writer)
        case .problemMuted(let mark), .problemUnmuted(let mark): mark.write(to: &writer)
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishReceived,
            .finishHeld, .finishConfirmed, .finishRefused, .verifierRefused, .exchangeDispatched,
            .connectFinalized, .editFinalized, .accessTokenRotated, .publicTokenRotated,
            .finalizeRejected, .finalizeUnresolved, .finalizeRefused, .finalizeAbandoned,
            .finalizeSuperseded, .publicTokenRecovered, .tokensImported, .personGone,
            .subjectErased, .subjectHeld, .subjectReleased:
            preconditionFailure("The connect flow's events are written above.")
        }
    }

    /// Reads the members of `data` for a type.
    static func read(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        switch type {
        case "connect.launched": .connectLaunched(try Launch(from: &reader))
        case "edit.launched":
            .editLaunched(
                try Launch(from: &reader),
                publicTokenVersion: try reader.nextInteger("public_token_version")
            )
        case "launch.closed": .launchClosed(launch: try reader.firstIdentifier("launch"))
        case "launch.failed":
            .launchFailed(
                launch: try reader.firstIdentifier("launch"),
                code: try reader.nextString("code")
            )
        case "finish.received", "finish.held", "finish.confirmed", "finish.refused",
            "verifier.refused":
            try readFinish(type: type, from: &reader)
        case "exchange.dispatched":
            .exchangeDispatched(
                finalize: try reader.firstIdentifier("finalize"),
                number: try reader.nextInteger("number")
            )
        case "connect.finalized", "edit.finalized":
            try readFinalized(isEdit: type == "edit.finalized", from: &reader)
        case "access_token.rotated":
            .accessTokenRotated(
                try IssuedToken(from: &reader),
                cause: try reader.nextIdentifier("cause")
            )
        case "public_token.rotated":
            .publicTokenRotated(
                try IssuedToken(from: &reader),
                cause: try reader.nextIdentifier("cause")
            )
        case "public_token.recovered":
            .publicTokenRecovered(
                try IssuedToken(from: &reader),
                human: try reader.nextFingerprint("human")
            )
        case "tokens.imported": .tokensImported(try TakenOver(from: &reader))
        case "finalize.rejected", "finalize.unresolved", "finalize.refused",
            "finalize.abandoned", "finalize.superseded":
            try readUnfinalized(type: type, from: &reader)
        default: try readOther(type: type, from: &reader)
        }
    }

    private static func readFinalized(
        isEdit: Bool,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        let finalize = try reader.firstIdentifier("finalize")
        let launch = try reader.nextIdentifier("launch")
        let human = try reader.nextFingerprint("human")
        return isEdit
            ? .editFinalized(finalize: finalize, launch: launch, human: human)
            : .connectFinalized(finalize: finalize, launch: launch, human: human)
    }

    private static func readUnfinalized(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        let finalize = try reader.firstIdentifier("finalize")
        switch type {
        case "finalize.rejected":
            return .finalizeRejected(finalize: finalize, status: try reader.nextInteger("status"))
        case "finalize.unresolved":
            return .finalizeUnresolved(finalize: finalize, reason: try reader.nextString("class"))
        case "finalize.abandoned":
            guard let reason = AbandonReason(rawValue: try reader.nextString("reason")) else {
                throw .unknownType(type)
            }
            return .finalizeAbandoned(finalize: finalize, reason: reason)
        case "finalize.superseded":
            return .finalizeSuperseded(
                finalize: finalize,
                accessToken: try reader.nextFingerprint("access_token"),
                publicToken: try reader.nextFingerprint("public_token")
            )
        default:
            guard let mismatch = Mismatch(rawValue: try reader.nextString("which")) else {
                throw .unknownType(type)
            }
            return .finalizeRefused(finalize: finalize, mismatch: mismatch)
        }
    }

    /// Events that are not part of the connect flow.
    private static func readOther(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        switch type {
        case "person.gone":
            try reader.literal("\"human\":")
            return .personGone(human: try reader.fingerprint())
        case "connection.broken":
            try reader.literal("\"reason\":")
            return .connectionBroken(reason: try reader.string())
        case "subject.erased", "subject.held", "subject.released":
            return try readErasure(type: type, from: &reader)
        case "token.read":
            try reader.literal("\"kind\":")
            guard let kind = TokenKind(rawValue: try reader.string()) else {
                throw .unknownType(type)
            }
            let version = try reader.nextInteger("version")
            return .tokenRead(kind: kind, version: version, key: try reader.nextString("key"))
        case "log.exported":
            return .logExported(try Export(from: &reader))
        case "log.followed":
            return .logFollowed(try Follow(from: &reader))
        case "token.searched":
            try reader.literal("\"access_token\":")
            return .tokenSearched(
                accessToken: try reader.fingerprint(),
                publicToken: try reader.nextFingerprint("public_token"),
                matches: try reader.nextInteger("matches")
            )
        case "token.revealed":
            return .tokenRevealed(try TokenReveal(from: &reader))
        case "user.viewed":
            return .userViewed
        case "access.noted":
            try reader.literal("\"access\":")
            guard let kind = AccessKind(rawValue: try reader.string()) else {
                throw .unknownType(type)
            }
            return .accessNoted(kind)
        default:
            return try readAdministration(type: type, from: &reader)
        }
    }

    private static func readAdministration(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        switch type {
        case "app.added":
            try reader.literal("\"name\":")
            return .appAdded(name: try reader.string())
        case "app.updated":
            return .appUpdated(try AppUpdate(from: &reader))
        case "values.dropped":
            try reader.literal("\"count\":")
            let count = try reader.integer()
            try reader.next("until")
            return .valuesDropped(count: count, until: try reader.recordTime())
        case "api_key.created":
            return .apiKeyCreated(try NewAPIKey(from: &reader))
        case "api_key.expiry_set":
            try reader.literal("\"key\":")
            let key = try reader.string()
            try reader.next("expiry")
            return .apiKeyExpirySet(key: key, expiry: try reader.recordTime())
        case "api_key.revoked":
            try reader.literal("\"key\":")
            return .apiKeyRevoked(key: try reader.string())
        case "root_key.rotated":
            try reader.literal("\"from\":")
            return .rootKeyRotated(
                from: try reader.string(),
                to: try reader.nextString("to"),
                keys: try reader.nextInteger("keys")
            )
        case "problem.muted": return .problemMuted(try ProblemMark(type: type, from: &reader))
        case "problem.unmuted": return .problemUnmuted(try ProblemMark(type: type, from: &reader))
        default:
            return .webhook(try Webhook(type: type, from: &reader))
        }
    }
}

extension LedgerEvent.IssuedToken {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("version", version)
        writer.member("fingerprint", fingerprint)
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("\"version\":")
        version = try reader.integer()
        fingerprint = try reader.nextFingerprint("fingerprint")
    }
}

extension LedgerEvent.Export {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("export", export)
        writer.member("log", Int64(log))
        writer.member("format", format.rawValue)
        writer.members(positions)
        if !query.types.isEmpty { writer.member("types", query.types) }
        if let since = query.since { writer.member("since", since) }
        if let before = query.before { writer.member("before", before) }
        writer.member("identities", identities)
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        let export = try reader.firstIdentifier("export")
        guard let log = Int32(exactly: try reader.nextInteger("log")),
            let format = Format(rawValue: try reader.nextString("format"))
        else { throw .unknownType("log.exported") }
        try reader.literal(",")
        let positions = try reader.positions()
        let query = EventQuery(
            types: reader.skip(",\"types\":") ? try reader.strings() : [],
            since: reader.skip(",\"since\":") ? try reader.recordTime() : nil,
            before: reader.skip(",\"before\":") ? try reader.recordTime() : nil
        )
        try reader.next("identities")
        self.init(
            export: export,
            log: log,
            format: format,
            positions: positions,
            query: query,
            identities: try reader.boolean()
        )
    }
}
