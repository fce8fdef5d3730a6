extension Checker {
    /// Tokens that were answered are on record as read: as often as they were (docs/threats.md#g22).
    func read() -> [String] {
        var answers: [IssuedToken: Int] = [:]
        for read in visits.reads {
            guard let subject = visits.subject(of: read.entry.user) else { continue }
            for (kind, version) in [
                (TokenKind.access, read.tokens.accessVersion),
                (TokenKind.publicToken, read.tokens.publicVersion),
            ] {
                let token = IssuedToken(subject: subject, kind: kind, version: version)
                answers[token, default: 0] += 1
            }
        }
        let records = recordedReads()
        return answers.compactMap { token, count in
            let recorded = records[token] ?? 0
            guard recorded < count else { return nil }
            return "\(token.kind.rawValue) \(token.version) of \(token.subject) was answered "
                + "\(count) times and recorded \(recorded) times"
        }
    }

    private func recordedReads() -> [IssuedToken: Int] {
        var counts: [IssuedToken: Int] = [:]
        for (position, record) in evidence.accesses.enumerated() {
            let fact = Fact(record, at: position)
            guard fact.type == "token.read", let subject = fact.subject,
                let kind = fact["kind"].flatMap(TokenKind.init(rawValue:)),
                let version = fact.number("version")
            else { continue }
            counts[IssuedToken(subject: subject, kind: kind, version: version), default: 0] += 1
        }
        return counts
    }
}
