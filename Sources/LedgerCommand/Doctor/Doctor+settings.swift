import Console
import LedgerAPI
import LedgerStore
import Logging
import Webhooks

extension Doctor {
    /// Every setting of `serve` with where it comes from, and what is wrong with it by itself.
    func settingsCheck(_ settings: Settings, _ flaws: [CommandError]) -> DoctorCheck {
        var check = DoctorCheck("settings")
        let isDatabaseFlag = options.service.databaseURLFile != nil
        for shown in settings.shown(isDatabaseFlag: isDatabaseFlag) {
            check.note(shown.name, "\(shown.value) (\(shown.origin))")
        }
        for flaw in flaws { check.find(Self.unusable(flaw)) }
        for read in readers(settings) {
            do {
                try read()
            } catch {
                check.find(Self.unusable(error))
            }
        }
        return check
    }

    /// Those that `serve` reads at its start, each by itself; the database and the root key have
    /// checks of their own.
    private func readers(_ settings: Settings) -> [() throws -> Void] {
        [
            { _ = try settings.flag(.acceptUnsafeServer) },
            { _ = try settings.port(.port) },
            { _ = try MetricsAddress(settings) },
            { _ = try TreeAccess(settings) },
            { _ = try ConsoleChoice(settings) },
            { _ = try CallRates(settings) },
            { _ = try WebhookAddresses(settings) },
            { _ = try ProgramLog.level(settings.text(.logLevel), default: .info) },
            {
                let certificate = try ListenerCertificate(settings, logger: logger)
                _ = try PublicURL.read(
                    settings,
                    listeningAt: settings.text(.host) ?? ServeOptions.usualHost,
                    isSecure: certificate != nil
                )
            },
        ]
    }

    private static func unusable(_ error: any Error) -> DoctorFinding {
        DoctorFinding(
            "setting_unusable",
            .blocking,
            sentence(error),
            nextStep: "Correct it: serve does not start with it. docs/operator.md, \"Settings\"."
        )
    }
}
