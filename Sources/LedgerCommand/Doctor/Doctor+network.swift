import BoundedClient
import Ledger
import LedgerStore
import MerkleLog
import Vault
import Witness

extension Doctor {
    /// The provider of each app, which is called and told nothing.
    func providerCheck(_ store: LedgerStore?) async -> DoctorCheck {
        guard let store else { return DoctorCheck("provider", gap: "the store does not open") }
        var check = DoctorCheck("provider")
        let apps: [StoredApp]
        do {
            apps = try await store.apps()
        } catch .damaged {
            check.find(
                DoctorFinding(
                    "app_secret_damaged",
                    .blocking,
                    "The stored secrets of an app do not open.",
                    nextStep: "token-ledger verify names it; set them anew with app update."
                )
            )
            return check
        } catch {
            check.miss("the apps cannot be read (\(error))")
            return check
        }
        if apps.isEmpty { check.note("apps", "none yet") }
        var known: [String: Reachability] = [:]
        for app in apps {
            // Pages open the popup, and the service does not.
            var urls = [app.userURL]
            if app.apiURL != app.userURL { urls.append(app.apiURL) }
            for url in urls {
                var found = known[url]
                if found == nil { found = await Reachability.of(url) }
                known[url] = found
                let reached = found ?? .unreachable
                check.note("app \(app.clientID), \(url)", Self.words(reached))
                guard reached != .reached else { continue }
                check.find(
                    DoctorFinding(
                        reached == .untrusted ? "provider_untrusted" : "provider_unreachable",
                        .blocking,
                        "The provider of the app \(app.clientID) at \(url): "
                            + "\(Self.words(reached)).",
                        nextStep: Self.nextStep(reached)
                    )
                )
            }
        }
        return check
    }

    /// The witnesses of the policy; nil where none is configured.
    func witnessCheck(_ store: LedgerStore?, _ settings: Settings) async -> DoctorCheck? {
        let policy: WitnessPolicy
        do {
            guard let configured = try WitnessPolicy(settings) else { return nil }
            try configured.checkWitnesses()
            policy = configured
        } catch {
            var check = DoctorCheck("witnesses")
            check.find(Self.unusablePolicy(error))
            return check
        }
        var check = DoctorCheck("witnesses")
        for line in policy.skipped { check.note("policy", "\(line)") }
        for witness in policy.witnesses {
            guard let url = witness.url else { continue }
            let reached = await Reachability.of(url)
            check.note("witness \(witness.name), \(url)", Self.words(reached))
            guard reached != .reached else { continue }
            check.find(
                DoctorFinding(
                    "witness_unreachable",
                    .warning,
                    "The witness \(witness.name) at \(url): \(Self.words(reached)).",
                    nextStep:
                        "Ask its operator. While the quorum is missing, checkpoints wait; events "
                        + "are written."
                )
            )
        }
        guard let store else {
            check.miss("cosignatures (the store does not open)")
            return check
        }
        await cosignatures(policy, store, &check)
        return check
    }

    /// Whether the policy is for this log, and enough witnesses have signed its newest checkpoints.
    private func cosignatures(
        _ policy: WitnessPolicy,
        _ store: LedgerStore,
        _ check: inout DoctorCheck
    ) async {
        do throws(WitnessPolicyError) {
            try policy.check(log: store.vault.checkpointSigner(logID: Log.facts.id).key)
        } catch {
            check.find(Self.unusablePolicy(error))
            return
        }
        for log in store.logs.all {
            let newest: PublishedCheckpoint
            do {
                guard let last = try await store.latestCheckpoint(log: log) else { continue }
                newest = last
            } catch {
                check.miss("the log of \(log.name) (\(error))")
                continue
            }
            let note = try? SignedNote(Array(newest.note.utf8))
            let signatures = (try? note?.verify(policy.witnesses.map(\.key))) ?? []
            check.note("log of \(log.name)", "\(signatures.count) cosignatures")
            guard !policy.isSatisfied(by: Set(signatures.map(\.key))) else { continue }
            check.find(
                DoctorFinding(
                    "cosignatures_missing",
                    .warning,
                    "The newest checkpoint of the log of \(log.name) has not the cosignatures that "
                        + "the policy asks for: it was published under another one.",
                    nextStep: "Start the service with this policy; its next checkpoint is shown to "
                        + "the witnesses."
                )
            )
        }
    }

    private static func unusablePolicy(_ error: any Error) -> DoctorFinding {
        DoctorFinding(
            "witness_policy_unusable",
            .blocking,
            sentence(error),
            nextStep: "Correct the policy: docs/operator.md, \"Witnesses\"."
        )
    }

    static func words(_ reached: Reachability) -> String {
        switch reached {
        case .reached: "reached"
        case .malformedURL: "no address to call"
        case .unreachable: "nobody answers"
        case .untrusted: "somebody answers, and TLS does not come about"
        }
    }

    private static func nextStep(_ reached: Reachability) -> String {
        reached == .untrusted
            ? "See who answers there, and whether the system trusts whoever signed its certificate."
            : "See to the name, the firewall and the provider. Finishes are refused meanwhile, and can "
                + "be repeated."
    }
}
