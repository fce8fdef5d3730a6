import ArgumentParser
import Foundation

/// The manual page of a program and all its commands, in mdoc(7).
enum ManualPage {
    /// How long the lines of `--help` are within the page.
    private static let columns = 76

    /// The lines of the page.
    static func text(of root: any ParsableCommand.Type) -> [String] {
        let name = root.configuration.commandName ?? ""
        return [
            // A date would differ with each build.
            ".Dd $Mdocdate$", ".Dt \(name.uppercased()) 1", ".Os", ".Sh NAME", ".Nm \(name)",
            ".Nd \(escaped(root.configuration.abstract))", ".Sh DESCRIPTION",
        ] + literal(root.helpMessage(columns: columns)) + [".Sh COMMANDS"]
            + commands(of: root, below: name, root)
            + [
                ".Sh EXIT STATUS", "0: success.", ".Pp", "1: something went wrong.", ".Pp",
                "6: a verification found something.", ".Pp",
                "64: the command line cannot be understood.",
                ".Sh ENVIRONMENT", "Settings are variables that begin with TOKEN_LEDGER_.",
                "Their list is in docs/operator.md.",
            ]
    }

    private static func commands(
        of command: any ParsableCommand.Type,
        below name: String,
        _ root: any ParsableCommand.Type
    ) -> [String] {
        command.configuration.subcommands.flatMap { subcommand in
            let full = "\(name) \(subcommand.configuration.commandName ?? "")"
            return [".Ss \(full)"]
                + literal(root.helpMessage(for: subcommand, columns: columns))
                + commands(of: subcommand, below: full, root)
        }
    }

    private static func literal(_ text: String) -> [String] {
        [".Bd -literal"]
            + text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped($0) }
            + [".Ed"]
    }

    /// A line that is text and no request, in ASCII (mandoc_char(7)).
    private static func escaped(_ line: some StringProtocol) -> String {
        let text = line.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\e"
            case "-": "\\-"
            case _ where scalar.isASCII: String(scalar)
            default: "\\[u\(String(format: "%04X", scalar.value))]"
            }
        }.joined()
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&\(text)" : text
    }
}
