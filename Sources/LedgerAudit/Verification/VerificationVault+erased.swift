internal import Ledger
internal import LedgerStore
internal import Vault

// Subjects who were erased: the vault must have nothing of them, but for the sessions that were
// exchanged, of which the log says the same (docs/decisions/0045-what-an-erasure-leaves.md).

extension VerificationVault {
    /// Takes what is stored of an erased subject for what it is: left behind.
    func look(at subject: FoldedSubject, _ row: UserRow?, _ values: [Value]) -> Opened {
        var opened = Opened(count: Int64(values.count))
        guard let claims = subject.claims else { return opened }
        if row?.key != nil { opened.flaws.append(.dataKeyLeft) }
        if row?.fingerprint != nil { opened.flaws.append(.lookupLeft(.user)) }
        opened.flaws += values.map { .valueLeft($0.name) }
        func keys(_ kind: LookupKind, _ fingerprints: [Fingerprint]) -> [Lookup.Key] {
            Set(fingerprints).map {
                Lookup.Key(logID: subject.logID, kind: kind, fingerprint: $0)
            }
        }
        opened.lookups = keys(.session, claims.finishes.map(\.finish.session))
        opened.freed = keys(.human, claims.links.map(\.human))
        return opened
    }

    /// Whether a person is still the subject's.
    func left(of subject: FoldedSubject, _ opened: Opened, _ kept: Kept) -> [VaultFlaw] {
        opened.freed
            .filter { kept.lookups[$0]?.subject == subject.subject.value }
            .map { .lookupLeft($0.kind) }
    }
}
