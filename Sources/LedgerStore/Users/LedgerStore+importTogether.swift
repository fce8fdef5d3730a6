package import Ledger
internal import Vault

extension LedgerStore {
    /// Takes over what another system held for several users, where there are several logs: what one by one is
    /// statements of each user's own, is one for all of them here, in each log.
    ///
    /// Says who was taken over. Of each of the others `takeOver` alone says what is to be said: somebody else is at
    /// work with one of the tokens, or has it, or a call failed.
    package func takeOverTogether(
        _ taken: [TakenOverUser],
        of app: StoredApp,
        checkedFrom begin: TakeOversBegin,
        context: RecordContext
    ) async -> [Bool] {
        var areTaken = [Bool](repeating: false, count: taken.count)
        let home = taken.map { self.fingerprints(of: $0, app) }
        guard let fingerprints = try? await placed(home, app) else { return areTaken }
        let takers = fingerprints.map {
            TokenTaker(claimant: claimant(toTakeOver: $0), tokens: $0.tokens)
        }
        guard let held = try? await claimer.hold(takers),
            let others = try? await heldTokens(among: fingerprints, app)
        else { return areTaken }
        await withTaskGroup(of: Int?.self) { group in
            for index in taken.indices where !fingerprints[index].hasToken(in: others) {
                guard let references = held[index]?.references else { continue }
                group.addTask {
                    let result = try? await self.takeOver(
                        taken[index],
                        fingerprints[index],
                        references,
                        app,
                        begin,
                        context
                    )
                    return result == .taken ? index : nil
                }
            }
            for await index in group { if let index { areTaken[index] = true } }
        }
        // Whoever was not taken over goes on with what is reserved.
        await claimer.letGo(written: zip(held, areTaken).compactMap { $1 ? $0 : nil })
        return areTaken
    }
}
