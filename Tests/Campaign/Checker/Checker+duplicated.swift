internal import Wire

extension Checker {
    /// What happened once stands in the log once (docs/threats.md#g4).
    func duplicated() -> [String] {
        let accesses = evidence.accesses.enumerated().map { Fact($1, at: $0) }
        return repeated("event", history.facts, \.id) + repeated("access", accesses, \.id)
            + repeated("launch", history.facts.filter(\.isLaunched)) { $0["launch"] ?? "" }
            + repeated("finalize", intents) { $0["finalize"] ?? "" }
            + repeated("session", intents) { "\($0.source) \($0["session"] ?? "")" }
            + countedWrong() + issuedWrong()
    }

    private var intents: [Fact] { history.facts.filter { $0.type == "finish.received" } }

    /// The names that stand there more than once, and places without a name.
    private func repeated(
        _ noun: String,
        _ facts: [Fact],
        _ name: (Fact) -> String
    ) -> [String] {
        var seen: Set<String> = []
        return facts.compactMap { fact in
            let name = name(fact)
            let isNew = seen.insert(name).inserted
            guard name.isEmpty || !isNew else { return nil }
            return "\(noun) \(name) stands again at \(fact.position)"
        }
    }

    /// A subject's events are counted from 1 without holes.
    private func countedWrong() -> [String] {
        var versions: [String: Int] = [:]
        return history.facts.compactMap { fact in
            guard let subject = fact.subject else { return nil }
            let expected = (versions[subject] ?? 0) + 1
            versions[subject] = fact.subjectVersion ?? expected
            guard fact.subjectVersion != expected else { return nil }
            let found = fact.subjectVersion.map { "\($0)" } ?? "none"
            return "subject version \(found) instead of \(expected) at \(fact.position)"
        }
    }

    /// A subject's tokens of one kind are counted from 1 without holes; only a recovery may name
    /// the held version again, and then with the same fingerprint.
    private func issuedWrong() -> [String] {
        var last: [String: (version: Int, fingerprint: String?)] = [:]
        return history.facts.compactMap { fact in
            guard let issued = fact.issued else { return nil }
            let key = "\(issued.subject) \(issued.kind.rawValue)"
            let held = last[key] ?? (0, nil)
            last[key] = (issued.version, fact["fingerprint"])
            let isHeld =
                fact.type == "public_token.recovered" && held.version > 0
                && issued.version == held.version && fact["fingerprint"] == held.fingerprint
            guard !isHeld, issued.version != held.version + 1 else { return nil }
            return "\(fact.type) \(issued.version) of \(issued.subject) after \(held.version) "
                + "at \(fact.position)"
        }
    }
}
