extension Checker {
    /// Within an app a user and a person belong to each other alone, at every position
    /// (docs/threats.md#i6), and so do a `clientUserId` and its subject.
    func bijection() -> [String] {
        var links = PersonLinks()
        for fact in history.facts { links.take(fact) }
        return links.words + pseudonyms()
    }

    private func pseudonyms() -> [String] {
        var users: [String: String] = [:]
        return visits.subjects.sorted { $0.key < $1.key }.flatMap { user, subjects in
            (subjects.count > 1 ? ["\(user) has \(subjects.count) subjects"] : [])
                + subjects.compactMap { subject in
                    let first = users[subject] ?? user
                    users[subject] = first
                    return first == user ? nil : "\(user) and \(first) have one subject"
                }
        }
    }
}

/// Who is linked to whom, as the log goes on.
private struct PersonLinks {
    private(set) var words: [String] = []
    private var humans: [String: String] = [:]
    private var subjects: [String: String] = [:]

    mutating func take(_ fact: Fact) {
        guard let subject = fact.subject, let human = fact["human"] else { return }
        // A fingerprint is made per app, and so is a subject; the app's name costs nothing.
        let key = "\(fact.source) \(human)"
        if fact.isFinalized || fact.type == "public_token.recovered" {
            link(subject, key, fact)
        } else if fact.type == "person.gone", humans[subject] == key {
            humans[subject] = nil
            subjects[key] = nil
        }
    }

    private mutating func link(_ subject: String, _ human: String, _ fact: Fact) {
        if let other = humans[subject], other != human {
            words.append("\(subject) is linked to another person at \(fact.position)")
        }
        if let other = subjects[human], other != subject {
            words.append("\(subject) is linked to the person of \(other) at \(fact.position)")
        }
        humans[subject] = human
        subjects[human] = subject
    }
}
