import ArgumentParser
// It is linked for what it does: nothing of it is called by name (docs/decisions/0073-contexts-have-room.md).
import CTaskAlloc

/// The program: one noun-verb command each, messages on standard error, results on standard output.
///
/// Exit codes: 0 for success, 1 when something went wrong, 6 when a verification found something,
/// 64 for a command line that cannot be understood.
@main
struct TokenLedger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token-ledger",
        abstract: "Keeps what happens to Human Connect tokens in an immutable ledger.",
        discussion: """
            Settings come from flags, then from the environment (TOKEN_LEDGER_…), then from a JSON \
            file (TOKEN_LEDGER_CONFIG_FILE). Secrets come from files or the environment, never \
            from flags.
            """,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, DevCommand.self, DemoCommand.self,
            SandboxCommand.self, AppCommand.self, APIKeyCommand.self, RootKeyCommand.self,
            ProjectionCommand.self, MapCommand.self, UserCommand.self, ImportCommand.self,
            EventsCommand.self, ProblemCommand.self, WebhookCommand.self,
            ExportCommand.self, ReplayCommand.self, VerifyCommand.self, RestoreCommand.self,
            CheckpointCommand.self, HistoryCommand.self, WitnessCommand.self, BenchCommand.self,
            SBOMCommand.self,
            DoctorCommand.self,
            ManCommand.self,
        ]
    )

    /// Runs the command that is named.
    ///
    /// The service starts itself anew first, on the thread with which the process began: were it another
    /// one, the system would show the process as ended for a moment.
    static func main() async {
        if CommandLine.arguments.dropFirst().first == ServeCommand.configuration.commandName {
            do {
                try ProcessMemory.startClearingFreed()
            } catch {
                exit(withError: error)
            }
        }
        await main(nil)
    }

    /// What `verify` ends with when something does not fit.
    static let verificationFailed = ExitCode(6)
}
