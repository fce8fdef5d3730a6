import ArgumentParser

/// `token-ledger man`: the manual page, made of the same words as `--help`.
struct ManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man",
        abstract: "Print the manual page, such as for /usr/local/share/man/man1/token-ledger.1.",
        discussion: "token-ledger man | man -l - shows it at once."
    )

    func run() {
        Terminal.result(ManualPage.text(of: TokenLedger.self).joined(separator: "\n"))
    }
}
