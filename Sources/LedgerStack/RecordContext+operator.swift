package import Ledger

extension RecordContext {
    /// Who made an event happen that the program's commands wrote, rather than a caller.
    package static let byOperator = RecordContext(actor: "operator")
}
