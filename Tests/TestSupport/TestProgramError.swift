package import Subprocess

/// Why a program that the tests run did not do what was expected.
package enum TestProgramError: Error, CustomStringConvertible {
    /// It ended, or said nothing in time; the text is what it wrote.
    case notReady(output: String)
    /// It did not end as it should have; the text is what it wrote.
    case ended(TerminationStatus, output: String)
    /// It did not end at all; the text is what it wrote.
    case goesOn(output: String)
    /// Processes still work in its folder.
    case left([String])
    /// A service answered something else than 200.
    case refused(path: String, status: Int, body: String)

    package var description: String {
        switch self {
        case .notReady(let output): "token-ledger did not become ready. It wrote: \(output)"
        case .ended(let status, let output):
            "token-ledger ended with \(status). It wrote: \(output)"
        case .goesOn(let output): "token-ledger did not end. It wrote: \(output)"
        case .left(let names): "still running: \(names.joined(separator: ", "))"
        case .refused(let path, let status, let body): "\(path) answered \(status): \(body)"
        }
    }
}
