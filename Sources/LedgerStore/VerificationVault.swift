internal import Crypto
internal import Ledger
internal import Postgres

/// Compares sealed values and lookups with what the log says about them.
///
/// Values may be dropped, so a past one may be absent. One that is there must open, and be the one
/// that the log names; the current ones must be there.
struct VerificationVault: Sendable {
    struct Value: Sendable {
        let kind: String
        let version: Int64
        let sealed: [UInt8]
    }

    /// What is stored of some subjects.
    struct Kept: Sendable {
        var keys: [UInt128: [UInt8]] = [:]
        var values: [UInt128: [Value]] = [:]
        /// The lookups that the subjects' events should have made, by kind and fingerprint.
        var lookups: [Lookup.Key: Lookup] = [:]
    }

    struct Lookup: Sendable {
        struct Key: Sendable, Hashable {
            let logID: Int32
            let kind: LookupKind
            let fingerprint: Fingerprint
        }

        let subject: UInt128
        let reference: UInt128
    }

    let vault: Vault

    func read(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws -> Kept {
        var kept = Kept()
        kept.keys = try await keys(folded, connection)
        kept.values = try await values(folded, connection)
        kept.lookups = try await lookups(
            folded.flatMap { lookupKeys(of: $0, kept) },
            connection
        )
        return kept
    }

    /// What does not fit, in words.
    func problems(of subject: FoldedSubject, _ kept: Kept) -> [String] {
        guard let claims = subject.claims else { return [] }
        var problems: [String] = []
        let opened = open(subject, kept, claims, &problems)
        for kind in [ValueKind.accessToken, .publicToken] {
            guard let token = TokenKind(rawValue: kind.rawValue),
                let held = subject.state.token(token)
            else { continue }
            if opened[SubjectClaims.Token(kind: kind, version: held.version)] == nil {
                problems.append("the current \(kind.rawValue) cannot be read from the vault")
            }
        }
        if subject.state.human != nil,
            opened[SubjectClaims.Token(kind: .humanID, version: 1)] == nil
        {
            problems.append("the human_id cannot be read from the vault")
        }
        for key in lookupKeys(of: subject, kept) {
            guard let lookup = kept.lookups[key] else {
                problems.append("the lookup of kind \(key.kind.rawValue) is missing")
                continue
            }
            let isOwn = lookup.subject == subject.subject.value
            let reference = reference(key, claims)
            if !isOwn || (reference != nil && reference?.value != lookup.reference) {
                problems.append("the lookup of kind \(key.kind.rawValue) points elsewhere")
            }
        }
        if !kept.lookups.keys.contains(where: {
            $0.kind == .user && kept.lookups[$0]?.subject == subject.subject.value
        }) {
            problems.append("no lookup leads from the client_user_id to the subject")
        }
        return problems
    }

    private func reference(_ key: Lookup.Key, _ claims: SubjectClaims) -> Identifier? {
        switch key.kind {
        case .user: claims.first
        case .session:
            claims.finishes.first { $0.finish.session == key.fingerprint }?
                .finish.finalize
        case .launch:
            claims.finishes.first { key.fingerprint.bytes == $0.finish.launch.bytes }?
                .finish.finalize
        // Whichever event linked the person first; the next check reads that event.
        case .human: nil
        }
    }

    /// Opens every value; gives the fingerprint of each that is what the log says.
    private func open(
        _ subject: FoldedSubject,
        _ kept: Kept,
        _ claims: SubjectClaims,
        _ problems: inout [String]
    ) -> [SubjectClaims.Token: Fingerprint] {
        guard let key = key(of: subject, kept) else {
            problems.append("the data key does not open")
            return [:]
        }
        var opened: [SubjectClaims.Token: Fingerprint] = [:]
        for value in kept.values[subject.subject.value] ?? [] {
            let name = "\(value.kind) of version \(value.version)"
            guard let kind = ValueKind(rawValue: value.kind),
                let plain = try? vault.open(
                    value.sealed,
                    kind,
                    version: value.version,
                    for: owner(of: subject),
                    key: key
                )
            else {
                problems.append("the \(name) does not open")
                continue
            }
            let fingerprint = fingerprint(kind, plain, subject.app)
            if let named = named(kind, value.version, subject, claims) {
                if named == fingerprint {
                    opened[SubjectClaims.Token(kind: kind, version: value.version)] = fingerprint
                } else {
                    problems.append("the \(name) has not the fingerprint that the log names")
                }
            } else if kind == .clientUserID && value.version == 1 {
                opened[SubjectClaims.Token(kind: kind, version: 1)] = fingerprint
            } else {
                problems.append("the log names no \(name)")
            }
        }
        return opened
    }

    private func named(
        _ kind: ValueKind,
        _ version: Int64,
        _ subject: FoldedSubject,
        _ claims: SubjectClaims
    ) -> Fingerprint? {
        switch kind {
        case .accessToken, .publicToken:
            claims.tokens[SubjectClaims.Token(kind: kind, version: version)]
        case .humanID: version == 1 ? subject.state.human : nil
        case .sessionToken: claims.finishes.first { $0.version == version }?.finish.session
        case .clientUserID, .clientSecret, .appKey: nil
        }
    }

    private func fingerprint(
        _ kind: ValueKind,
        _ value: Secret,
        _ app: Identifier
    ) -> Fingerprint? {
        switch kind {
        case .accessToken: vault.fingerprint(.accessToken, of: value, app: app)
        case .publicToken: vault.fingerprint(.publicToken, of: value, app: app)
        case .humanID: vault.fingerprint(.human, of: value, app: app)
        case .clientUserID: vault.fingerprint(.user, of: value, app: app)
        case .sessionToken: vault.fingerprint(.session, of: value, app: app)
        case .clientSecret, .appKey: nil
        }
    }

    /// The lookups that must be there for a subject.
    private func lookupKeys(of subject: FoldedSubject, _ kept: Kept) -> [Lookup.Key] {
        guard let claims = subject.claims else { return [] }
        func key(_ kind: LookupKind, _ fingerprint: Fingerprint) -> Lookup.Key {
            Lookup.Key(logID: subject.logID, kind: kind, fingerprint: fingerprint)
        }
        var keys: [Lookup.Key] = []
        if let human = subject.state.human { keys.append(key(.human, human)) }
        for (_, finish) in claims.finishes {
            keys.append(key(.session, finish.session))
            if let launch = Fingerprint(finish.launch.bytes) { keys.append(key(.launch, launch)) }
        }
        let names = kept.values[subject.subject.value]?.filter {
            $0.kind == ValueKind.clientUserID.rawValue
        }
        if let name = names?.first, let dataKey = self.key(of: subject, kept),
            let plain = try? vault.open(
                name.sealed,
                .clientUserID,
                version: name.version,
                for: owner(of: subject),
                key: dataKey
            )
        {
            keys.append(key(.user, vault.fingerprint(.user, of: plain, app: subject.app)))
        }
        return keys
    }

    private func owner(of subject: FoldedSubject) -> ValueOwner {
        ValueOwner(logID: subject.logID, app: subject.app, subject: subject.subject)
    }

    private func key(of subject: FoldedSubject, _ kept: Kept) -> SymmetricKey? {
        guard let wrapped = kept.keys[subject.subject.value] else { return nil }
        return try? vault.unwrap(wrapped, for: owner(of: subject))
    }
}
