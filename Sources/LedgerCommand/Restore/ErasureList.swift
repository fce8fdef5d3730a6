import Ledger
import LedgerStack
import LedgerStore

/// The list of those who were erased, as it is obeyed after a restore.
struct ErasureList {
    /// What came of it.
    struct Outcome {
        var erased: [(subject: Identifier, position: Int64)] = []
        /// How many were erased already, or are not here.
        var unchanged = 0
        /// Whose files prove nothing to this database, and why.
        var refused: [(subject: Identifier, error: ReceiptError)] = []
    }

    private let folder: ErasureFolder

    init(_ folder: ErasureFolder) {
        self.folder = folder
    }

    /// How many files prove nothing to this database; nothing is erased.
    func refused(_ eraser: Eraser) throws -> Int {
        var count = 0
        for subject in try folder.subjects() {
            do {
                try eraser.verify(try folder.receipt(of: subject))
            } catch is ReceiptError {
                count += 1
            }
        }
        return count
    }

    /// Erases again all who are listed; it can be done again and again.
    func reapply(_ eraser: Eraser) async throws -> Outcome {
        var outcome = Outcome()
        for subject in try folder.subjects().sorted() {
            do {
                let receipt = try folder.receipt(of: subject)
                switch try await eraser.reapply(receipt, context: .byOperator) {
                case .erased(let position): outcome.erased.append((subject, position))
                case .nothingToDo: outcome.unchanged += 1
                }
            } catch let error as ReceiptError {
                outcome.refused.append((subject, error))
            }
        }
        return outcome
    }
}
