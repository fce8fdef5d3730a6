import Foundation
import Ledger
import LedgerStore
import Postgres
import Vault

extension Doctor {
    /// For how long a key that wraps others is used at most (NIST SP 800-57 part 1, section 5.3.6,
    /// symmetric key-wrapping key: two years).
    private static let ageDaysMax: Int64 = 730

    /// The root key by itself, the check value that it must open, and which root keys wrap how much.
    ///
    /// Gives the store if it opens with it.
    func rootKeyCheck(
        _ settings: Settings,
        _ pools: LogPools?
    ) async -> (DoctorCheck, LedgerStore?) {
        var check = DoctorCheck("root key")
        for setting in [Setting.rootKeyFile, .otherRootKeyFile] {
            guard let path = (try? settings.text(setting)) ?? nil, let mode = Self.mode(path) else {
                continue
            }
            check.note("\(path), mode", mode)
        }
        let rootKeys: RootKeys
        do {
            rootKeys = try await RootKeySource.keys(settings)
        } catch {
            check.find(
                DoctorFinding(
                    "root_key_unusable",
                    .blocking,
                    Self.sentence(error),
                    nextStep: "Give the service its root key: docs/operator.md, \"The root key\"."
                )
            )
            return (check, nil)
        }
        check.note("current", rootKeys.current.id)
        if !ProcessMemory.mayLock, Self.hasSwap {
            check.find(
                DoctorFinding(
                    "root_key_may_be_swapped",
                    .warning,
                    "The machine has swap, and a program started like this one may not keep its "
                        + "memory, and so the root key, out of it.",
                    nextStep:
                        "Start the service without a limit of locked memory (LimitMEMLOCK=infinity, "
                        + "ulimit -l unlimited), or switch swap off."
                )
            )
        }
        if let other = rootKeys.other { check.note("other", other.id) }
        guard let pools else {
            check.miss("what it wraps (the database cannot be asked)")
            return (check, nil)
        }
        let store = await opened(rootKeys, pools, &check)
        do {
            let uses = try await RootKeyUse.all(
                pools.map,
                current: rootKeys.current.id,
                other: rootKeys.other?.id
            )
            Self.look(at: uses, &check)
        } catch {
            check.miss("what it wraps (\(error))")
        }
        return (check, store)
    }

    /// The store, if it opens.
    private func opened(
        _ rootKeys: RootKeys,
        _ pools: LogPools,
        _ check: inout DoctorCheck
    ) async -> LedgerStore? {
        do {
            return try await LedgerStore(pools: pools, rootKeys: rootKeys, logger: logger)
        } catch {
            // What the database check told already is not told again.
            switch error {
            case .notMigrated, .outdated, .superseded, .mayNotUse: break
            default: check.find(DoctorFinding(error))
            }
            return nil
        }
    }

    /// Whether the machine may write memory to a disk; the first line of the list is its head.
    private static var hasSwap: Bool {
        let list = (try? String(contentsOfFile: "/proc/swaps", encoding: .utf8)) ?? ""
        return list.split(separator: "\n").count > 1
    }

    private static func mode(_ path: String) -> String? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let mode = attributes?[.posixPermissions] as? Int else { return nil }
        let group = mode & 0o040 != 0 ? ", a group may read it" : ""
        return "0" + String(mode, radix: 8) + group
    }

    private static func look(at uses: [RootKeyUse], _ check: inout DoctorCheck) {
        let keys = uses.reduce(0) { $0 + $1.keys }
        for use in uses { check.note("root key \(use.id)", share(use, of: keys)) }
        for use in uses where use.role == .missing && use.keys > 0 {
            check.find(
                DoctorFinding(
                    "root_key_missing",
                    .blocking,
                    "\(use.keys) of \(keys) keys are wrapped with the root key \(use.id), which is "
                        + "not among the settings: what they open cannot be read.",
                    nextStep: "Find this root key, name it as the other one, and run token-ledger "
                        + "root-key rotate."
                )
            )
        }
        if let current = uses.first(where: { $0.role == .current }), current.retiredAt != nil {
            check.find(DoctorFinding(.rootKeyChanged))
        }
        if let other = uses.first(where: { $0.role == .other }) {
            look(at: other, of: keys, &check)
        }
        let now = EventClock().now()
        for use in uses {
            guard let since = use.since else { continue }
            let days = days(from: since, to: now)
            guard use.role == .current, days > ageDaysMax else { continue }
            check.find(
                DoctorFinding(
                    "root_key_old",
                    .warning,
                    "The root key \(use.id) has been in use for \(days) days.",
                    nextStep: "Change it: docs/operator.md, \"Changing the root key\"."
                )
            )
        }
    }

    /// The root key that only opens.
    private static func look(
        at other: RootKeyUse,
        of keys: Int64,
        _ check: inout DoctorCheck
    ) {
        if other.keys > 0 {
            check.find(
                DoctorFinding(
                    "root_key_change_unfinished",
                    .warning,
                    "\(other.keys) of \(keys) keys are still wrapped with the other root key, "
                        + "\(other.id).",
                    nextStep: "Go on with docs/operator.md, \"Changing the root key\": "
                        + "token-ledger root-key rotate."
                )
            )
        } else if other.retiredAt != nil {
            check.find(
                DoctorFinding(
                    "root_key_not_needed",
                    .warning,
                    "The other root key, \(other.id), was replaced and wraps nothing any more.",
                    nextStep:
                        "Take it out of the settings of every copy of the service, and keep it "
                        + "as long as backups from before."
                )
            )
        }
    }

    private static func share(_ use: RootKeyUse, of keys: Int64) -> String {
        let thousandths = keys == 0 ? 0 : use.keys * 1_000 / keys
        var words = "\(use.role.rawValue), wraps \(use.keys) of \(keys) keys "
        words += "(\(thousandths / 10).\(thousandths % 10) %)"
        if let since = use.since {
            words += ", in use for \(days(from: since, to: EventClock().now())) days"
        }
        return words
    }

    private static func days(from begin: Timestamp, to end: Timestamp) -> Int64 {
        max(0, (end.microseconds - begin.microseconds) / 86_400_000_000)
    }
}
