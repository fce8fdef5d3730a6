extension Checker {
    /// What is held came with a finalize of that user, and what was read is held by the provider
    /// for that user (docs/threats.md#i5).
    func served() -> [String] {
        let unfounded = history.facts.compactMap { fact -> String? in
            guard let cause = fact["cause"], !isFounded(fact, cause) else { return nil }
            return "\(fact.type) at \(fact.position) has no finalized cause"
        }
        var values: [IssuedToken: String] = [:]
        let owned = owned()
        return unfounded + shared()
            + visits.reads.flatMap { read in
                unissued(read, &values) + foreign(read, owned[read.entry.user] ?? Owned())
            }
    }

    /// No public token was ever handed to two users: with a launch, for a finish, or read.
    private func shared() -> [String] {
        var owners: [String: String] = [:]
        return evidence.journal.compactMap { entry in
            let token: String
            switch entry.call {
            case .launch(_, let launched?): token = launched.publicToken
            case .handed(let publicToken): token = publicToken
            case .read(_, let tokens?): token = tokens.publicToken
            default: return nil
            }
            guard !token.isEmpty else {
                if case .handed = entry.call { return "a finish of \(entry.user) brought no token" }
                return nil
            }
            let owner = owners[token] ?? entry.user
            owners[token] = owner
            return owner == entry.user ? nil : "\(entry.user) got a public token of \(owner)"
        }
    }

    private func isFounded(_ fact: Fact, _ cause: String) -> Bool {
        guard let finalized = history.finalizes[cause]?.finalized else { return false }
        return finalized.subject == fact.subject && finalized.position < fact.position
    }

    /// Each version that was read was issued to that user, and has one value for ever.
    private func unissued(
        _ read: Visits.Read,
        _ values: inout [IssuedToken: String]
    ) -> [String] {
        guard let subject = visits.subject(of: read.entry.user) else {
            return ["tokens of \(read.entry.user) were read, who has no launch on record"]
        }
        return [
            (TokenKind.access, read.tokens.accessVersion, read.tokens.accessToken),
            (TokenKind.publicToken, read.tokens.publicVersion, read.tokens.publicToken),
        ].compactMap { kind, version, value in
            let token = IssuedToken(subject: subject, kind: kind, version: version)
            let name = "\(kind.rawValue) \(version) of \(read.entry.user)"
            guard history.issues[token] != nil else { return "\(name) was read and never issued" }
            let first = values[token] ?? value
            values[token] = first
            return first == value ? nil : "\(name) was read with two values"
        }
    }

    /// Person and access token are what the provider has, or had, under the user's id.
    ///
    /// Not always of the same person: who connects anew after a deletion is a new one, whose
    /// public token is fetched before there is an access token.
    private func foreign(_ read: Visits.Read, _ owned: Owned) -> [String] {
        let user = read.entry.user
        var words: [String] = []
        // Nobody is named while the provider knows the user no more.
        let isNobody = read.tokens.human.isEmpty && evidence.formerUsers[user] != nil
        if !isNobody, !owned.humans.contains(read.tokens.human) {
            words.append("\(user) was read as somebody else")
        }
        if !owned.accessTokens.contains(read.tokens.accessToken) {
            words.append("access_token \(read.tokens.accessVersion) of \(user) is not theirs")
        }
        return words
    }

    private func owned() -> [String: Owned] {
        var owned: [String: Owned] = [:]
        let former = evidence.formerUsers.flatMap { user, persons in persons.map { (user, $0) } }
        for (user, person) in evidence.providerUsers.map({ ($0, $1) }) + former {
            owned[user, default: Owned()].humans.insert(person.human)
            owned[user, default: Owned()].accessTokens.formUnion(person.accessTokens)
        }
        return owned
    }
}

/// All that the provider has, or had, under one user's id.
private struct Owned {
    var humans: Set<String> = []
    var accessTokens: Set<String> = []
}
