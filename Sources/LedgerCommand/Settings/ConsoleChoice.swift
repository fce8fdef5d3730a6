import Console

/// Whether the pages of the console are served.
enum ConsoleChoice: String {
    case on, off

    /// Nobody is shown pages who has not asked for them: the port also takes what comes from the internet
    /// (docs/decisions/0055-a-session-is-a-key-by-another-name.md).
    static let usual = ConsoleChoice.off

    /// What is set.
    init(_ settings: Settings) throws {
        guard let text = try settings.text(.console) else {
            self = .usual
            return
        }
        guard let choice = ConsoleChoice(rawValue: text) else {
            throw CommandError("The console must be \"on\" or \"off\".")
        }
        self = choice
    }
}

extension Settings {
    /// Every setting of `serve` as people are shown it, with where it comes from; never a secret.
    func shown(isDatabaseFlag: Bool) -> [ShownSetting] {
        let own = Setting.ofServe.map { setting in
            let isFlag = setting == .databaseURL && isDatabaseFlag
            let origin = isFlag ? .flag : origin(setting) ?? .usual
            return ShownSetting(
                name: setting.environmentName,
                value: origin == .usual ? setting.usual : setting.shown(self),
                origin: origin.rawValue
            )
        }
        return own + TraceSettings().shown
    }
}
