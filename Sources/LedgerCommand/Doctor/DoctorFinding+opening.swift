import LedgerStore
import Vault

extension DoctorFinding {
    /// Why the store cannot be opened: `serve` would end with it.
    init(_ error: StoreOpeningError) {
        self.init(
            error.code,
            .blocking,
            "The service does not start: \(error).",
            nextStep: error.nextStep
        )
    }
}

extension StoreOpeningError {
    fileprivate var code: String {
        switch self {
        case .database: "database_unavailable"
        case .sharedSessions: "sessions_shared"
        case .notMigrated: "schema_missing"
        case .outdated: "schema_outdated"
        case .superseded: "schema_superseded"
        case .unsupportedLogs: "logs_unknown"
        case .otherPart: "database_map_wrong"
        case .additionUnfinished: "logs_unfinished"
        case .otherDeployment: "other_deployment"
        case .vault(.wrongRootKey): "root_key_wrong"
        case .vault: "root_key_unusable"
        case .keysNotMade: "keys_not_made"
        case .recordsWithoutKeys: "keys_missing"
        case .mayNotUse: "rights_missing"
        case .otherRole: "role_changed"
        case .logsFixed, .serviceConnected, .citusMissing, .citusWithoutWorkers, .citusTooLate,
            .roleMissing,
            .tablesLocked, .mayNotMigrate, .notTheOwner, .mayNotGrant, .noSuchRole:
            "schema_unusable"
        }
    }

    fileprivate var nextStep: String {
        switch self {
        case .notMigrated, .outdated, .keysNotMade, .mayNotUse:
            "Run token-ledger migrate as the owner: docs/operator.md, \"From nothing to a running "
                + "service\"."
        case .superseded: "Use the program that migrated the database, or a newer one."
        case .vault(.wrongRootKey):
            "Name the root key that token-ledger root-key list shows; while it is changed, the other "
                + "one too: docs/operator.md, \"Changing the root key\"."
        case .otherPart, .otherDeployment:
            "Name each database of the deployment in the map, once, with the pairs that it has: "
                + "docs/operator.md, \"Several databases\"."
        case .recordsWithoutKeys: "Restore the vault from a backup, with the records."
        default:
            "docs/operator.md, \"From nothing to a running service\" and \"Standbys and poolers\"."
        }
    }
}
