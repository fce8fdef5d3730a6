internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Compares sealed values and lookups with what the log says about them.
///
/// One that is there must open, and be the one that the log names. The current ones must be there, and
/// past ones until the log says that they were dropped.
struct VerificationVault: Sendable {
    struct Value: Sendable {
        let kind: String
        let version: Int64
        let sealed: [UInt8]
        /// Of a token that was replaced, since when that is so.
        var supersededAt: Timestamp?

        /// For findings.
        var name: VaultFlaw.StoredValue { VaultFlaw.StoredValue(kind: kind, version: version) }
    }

    /// A subject's own key, wrapped.
    struct StoredKey: Sendable {
        let rootKeyID: String
        let wrapped: [UInt8]
    }

    /// What a user's row holds of the vault.
    struct UserRow: Sendable {
        /// Under which the user is found.
        let fingerprint: Fingerprint?
        let key: StoredKey?
        let values: [Value]
    }

    /// What is stored of some subjects.
    struct Kept: Sendable {
        var opened: [UInt128: Opened] = [:]
        /// The lookups that the subjects' events should have made, by kind and fingerprint.
        var lookups: [Lookup.Key: Lookup] = [:]
        /// What was dropped of past tokens, and what may be.
        var drops: [DropPlace: Drops] = [:]
    }

    /// A subject's values, opened once.
    struct Opened: Sendable {
        /// How many values are stored.
        var count: Int64 = 0
        /// The fingerprint of each value that is what the log says.
        var fingerprints: [SubjectClaims.Token: Fingerprint] = [:]
        /// The stored values of past tokens, whatever they are.
        var past: [SubjectClaims.Token: Value] = [:]
        /// The lookups that must be there, and those that must not be the subject's any more.
        var lookups: [Lookup.Key] = []
        var freed: [Lookup.Key] = []
        /// Under which the user is found, and must be; nil where the `clientUserId` does not open.
        var user: (found: Fingerprint?, named: Fingerprint?) = (nil, nil)
        var flaws: [VaultFlaw] = []
    }

    struct Lookup: Sendable {
        struct Key: Sendable, Hashable {
            let logID: Int32
            let kind: LookupKind
            let fingerprint: Fingerprint
        }

        let subject: UInt128
        let reference: UInt128
        /// It is none of a claim that was made there, but of one in the log that the reference names.
        let isReserved: Bool
    }

    let vault: Vault
    /// The logs say where a claim is at home.
    let deployment: VerificationDeployment
    /// Where the others stand; nil where all are in one database.
    var databases: VerificationDatabases?

    func read(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws -> Kept {
        var kept = Kept()
        let rows = try await userRows(folded, connection)
        let values = try await values(folded, connection)
        var lookupKeys: [Lookup.Key] = []
        for subject in folded {
            let row = rows[subject.subject.value]
            let sealed = (row?.values ?? []) + (values[subject.subject.value] ?? [])
            var opened =
                subject.state.status == .erased
                ? look(at: subject, row, sealed) : open(subject, row, sealed)
            opened.past = Self.past(values[subject.subject.value] ?? [])
            lookupKeys +=
                opened.lookups + opened.freed + opened.lookups.compactMap(reservation(of:))
                + opened.lookups.flatMap(earlier(of:))
            kept.opened[subject.subject.value] = opened
        }
        kept.lookups = try await lookups(lookupKeys, connection)
        // After the values: what says that one was dropped is there by then.
        kept.drops = try await drops(connection)
        return kept
    }

    /// What does not fit, and how much does.
    struct Judgement {
        var flaws: [VaultFlaw] = []
        /// How many lookups are as the log says.
        var lookups: Int64 = 0
        /// How many past values should have been dropped long ago.
        var overdue: Int64 = 0
    }

    /// Compares what is stored of a subject with what its events say.
    func judge(_ subject: FoldedSubject, _ kept: Kept) -> Judgement {
        guard let claims = subject.claims, let opened = kept.opened[subject.subject.value] else {
            return Judgement()
        }
        let isErased = subject.state.status == .erased
        var flaws = opened.flaws
        for kind in TokenKind.allCases {
            guard let held = subject.state.token(kind) else { continue }
            let token = SubjectClaims.Token(kind: kind.valueKind, version: held.version)
            if opened.fingerprints[token] == nil { flaws.append(.valueUnreadable(token.kind)) }
        }
        if subject.state.human != nil,
            opened.fingerprints[SubjectClaims.Token(kind: .humanID, version: 1)] == nil
        {
            flaws.append(.valueUnreadable(.humanID))
        }
        var lookups: Int64 = 0
        switch opened.user {
        case _ where isErased: flaws += left(of: subject, opened, kept)
        case (_, nil): flaws.append(.userLookupUnknown)
        case (nil, _): flaws.append(.lookupMissing(.user))
        case (let found, let named) where found == named: lookups += 1
        default: flaws.append(.lookupPointsElsewhere(.user))
        }
        for key in opened.lookups {
            guard let lookup = kept.lookups[key] else {
                flaws.append(.lookupMissing(key.kind))
                continue
            }
            if lookup.subject == subject.subject.value,
                isReference(Identifier(value: lookup.reference), of: key, claims)
            {
                lookups += 1
            } else {
                flaws.append(.lookupPointsElsewhere(key.kind))
            }
            if isClaimedByOther(key, than: subject, kept) { flaws.append(.claimedTwice(key.kind)) }
            let event = Identifier(value: lookup.reference)
            if let position = claims.position(of: event),
                deployment.isBeforeAddition(position, in: key.logID)
            {
                // It was at home in one of the logs of before.
                continue
            }
            if let flaw = reservationFlaw(key, of: subject, kept) { flaws.append(flaw) }
        }
        var judgement = Judgement(flaws: flaws, lookups: lookups)
        let place = DropPlace(logID: subject.logID, app: subject.app.value)
        if !isErased { judgePast(claims, opened, kept.drops[place], &judgement) }
        return judgement
    }

    /// Whether an event of the subject made a lookup.
    private func isReference(
        _ event: Identifier,
        of key: Lookup.Key,
        _ claims: SubjectClaims
    ) -> Bool {
        switch key.kind {
        case .user, .token: false
        case .session:
            claims.finishes.contains {
                $0.event == event && $0.finish.session == key.fingerprint
            }
        // Whichever event linked the person first.
        case .human: claims.links.contains { $0.event == event && $0.human == key.fingerprint }
        }
    }

    // MARK: Opening

    /// Opens every value, and compares each with the fingerprint that the log names.
    private func open(
        _ subject: FoldedSubject,
        _ row: UserRow?,
        _ values: [Value]
    ) -> Opened {
        var opened = Opened(count: Int64(values.count))
        guard let claims = subject.claims else { return opened }
        let owner = ValueOwner(
            logID: subject.logID,
            app: subject.app,
            subject: subject.subject
        )
        if let stored = row?.key,
            !vault.isWrapped(stored.wrapped, for: owner, by: stored.rootKeyID)
        {
            opened.flaws.append(.dataKeyOfOtherRootKey)
        }
        if let stored = row?.key, let key = try? vault.unwrap(stored.wrapped, for: owner) {
            for value in values { open(value, subject, claims, owner, key, &opened) }
        } else {
            opened.flaws.append(.dataKeyDoesNotOpen)
        }
        opened.user = (
            row?.fingerprint,
            opened.fingerprints[SubjectClaims.Token(kind: .clientUserID, version: 1)]
        )
        addLookups(of: subject, claims, &opened)
        return opened
    }

    private func open(
        _ value: Value,
        _ subject: FoldedSubject,
        _ claims: SubjectClaims,
        _ owner: ValueOwner,
        _ key: DataKey,
        _ opened: inout Opened
    ) {
        guard let kind = ValueKind(rawValue: value.kind),
            let plain = try? vault.open(
                value.sealed,
                kind,
                version: value.version,
                for: owner,
                key: key
            )
        else { return opened.flaws.append(.valueDoesNotOpen(value.name)) }
        let fingerprint = kind.fingerprintKind.map {
            vault.fingerprint($0, of: plain, app: subject.app)
        }
        let token = SubjectClaims.Token(kind: kind, version: value.version)
        if let named = named(kind, value.version, subject, claims) {
            if named == fingerprint {
                opened.fingerprints[token] = fingerprint
            } else {
                opened.flaws.append(.valueDiffers(value.name))
            }
        } else if kind == .clientUserID && value.version == 1 {
            opened.fingerprints[token] = fingerprint
        } else {
            opened.flaws.append(.valueNotNamed(value.name))
        }
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
        case .claimedHumanID: claims.finishes.first { $0.version == version }?.finish.human
        case .clientUserID, .providerAnswer, .clientSecret, .appKey, .webhook: nil
        }
    }

    /// The lookups that must be there for a subject.
    private func addLookups(
        of subject: FoldedSubject,
        _ claims: SubjectClaims,
        _ opened: inout Opened
    ) {
        var keys: Set<Lookup.Key> = []
        func add(_ kind: LookupKind, _ fingerprint: Fingerprint) {
            keys.insert(Lookup.Key(logID: subject.logID, kind: kind, fingerprint: fingerprint))
        }
        if let human = subject.state.human { add(.human, human) }
        for (_, _, finish) in claims.finishes { add(.session, finish.session) }
        opened.lookups = Array(keys)
    }
}
