internal import LedgerAPI

extension TreeAccess {
    /// Who may read the tree: callers with a key, unless it is set.
    init(_ settings: Settings) throws {
        guard let text = try settings.text(.treeAccess) else {
            self = .key
            return
        }
        guard let access = TreeAccess(rawValue: text) else {
            throw CommandError("The tree access must be \"open\" or \"key\".")
        }
        self = access
    }
}
