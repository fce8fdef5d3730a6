import Configuration
import Foundation
import Ledger
import SystemPackage
import Wire

/// The settings of one run: flags over environment over file.
struct Settings {
    private let reader: ConfigReader
    /// The same sources one by one, the one that wins first.
    private let sources: [(origin: SettingOrigin, reader: ConfigReader)]

    private static let jsonDepthMax = 4
    private static let countMax = 1_000_000_000

    private init(_ providers: [(origin: SettingOrigin, provider: any ConfigProvider)]) {
        reader = ConfigReader(providers: providers.map(\.provider))
        sources = providers.map { ($0.origin, ConfigReader(providers: [$0.provider])) }
    }

    /// Reads all three sources.
    ///
    /// - Throws: `CommandError` for a name with our prefix that no setting has, and for a file that
    ///   cannot be read.
    static func load(flags: [Setting: String?] = [:]) async throws -> Settings {
        let (settings, flaws) = await read(flags: flags)
        if let flaw = flaws.first { throw flaw }
        return settings
    }

    /// The same as far as it can be read, and what cannot.
    static func read(
        flags: [Setting: String?]
    ) async -> (settings: Settings, flaws: [CommandError]) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (setting, value) in flags {
            // What is empty is not set, and hides no other source.
            guard let value, !value.isEmpty else { continue }
            values[AbsoluteConfigKey([setting.rawValue])] = ConfigValue(
                .string(value),
                isSecret: setting.isSecret
            )
        }
        var (own, flaws) = own(ProcessInfo.processInfo.environment)
        var providers: [(origin: SettingOrigin, provider: any ConfigProvider)] = [
            (.flag, InMemoryProvider(name: "flags", values: values)),
            (.environment, EnvironmentVariablesProvider(environmentVariables: own)),
        ]
        if let path = try? Settings(providers).text(.configFile) {
            do {
                flaws += try flawsOfNames(inFile: path)
                do {
                    let file = try await FileProvider<JSONSnapshot>(filePath: FilePath(path))
                    providers.append((.file, file))
                } catch {
                    throw CommandError("The configuration file \(path) cannot be read.")
                }
            } catch {
                flaws.append(error as? CommandError ?? CommandError("\(error)"))
            }
        }
        return (Settings(providers), flaws)
    }

    /// Where the value of a setting comes from, also that of a secret's file; nil when it is not set.
    func origin(_ setting: Setting) -> SettingOrigin? {
        let names = setting.isSecret ? [setting.rawValue, setting.fileName] : [setting.rawValue]
        return sources.first { source in
            names.contains { name in
                // The file may hold a number or its digits.
                source.reader.int(forKey: ConfigKey([name])) != nil
                    || source.reader.bool(forKey: ConfigKey([name])) != nil
                    || !(source.reader.string(forKey: ConfigKey([name])) ?? "").isEmpty
            }
        }?.origin
    }

    /// The value of a setting, or nil when it is not set.
    func text(_ setting: Setting) throws -> String? {
        guard let text = reader.string(forKey: ConfigKey([setting.rawValue])), !text.isEmpty else {
            return nil
        }
        return text
    }

    /// The port that a setting names; the file may hold a number or its digits.
    ///
    /// The socket would take the lower bits of a greater number, and listen elsewhere.
    func port(_ setting: Setting) throws -> Int? {
        let number = reader.int(forKey: ConfigKey([setting.rawValue]))
        guard let text = try number.map(String.init) ?? text(setting) else { return nil }
        guard let port = UInt16(text) else {
            throw CommandError("\(setting.environmentName) must be a number from 0 to 65535.")
        }
        return Int(port)
    }

    /// How often something may be, or nil when it is not set; 0 is a number too.
    func count(_ setting: Setting) throws -> Int? {
        let number = reader.int(forKey: ConfigKey([setting.rawValue]))
        guard let text = try number.map(String.init) ?? text(setting) else { return nil }
        guard let count = Int(text), (0...Self.countMax).contains(count) else {
            throw CommandError(
                "\(setting.environmentName) must be a number from 0 (no limit) to \(Self.countMax)."
            )
        }
        return count
    }

    /// The value of a setting that is no secret, as a text, whatever its form.
    func shown(_ setting: Setting) throws -> String? {
        switch setting.form {
        case .text: try text(setting)
        case .number: try count(setting).map(String.init)
        case .flag: try String(flag(setting))
        }
    }

    /// Whether something is set that is on or off.
    func flag(_ setting: Setting) throws -> Bool {
        let value = reader.bool(forKey: ConfigKey([setting.rawValue]))
        switch try text(setting) ?? value.map(String.init) {
        case nil, "false": return false
        case "true": return true
        default: throw CommandError("\(setting.environmentName) must be true or false.")
        }
    }

    /// The value of a secret, from itself or from the file that is named instead.
    func secret(_ setting: Setting) throws -> Secret? {
        let value = reader.string(forKey: ConfigKey([setting.rawValue]), isSecret: true)
        let path = reader.string(forKey: ConfigKey([setting.fileName]))
        guard let path, !path.isEmpty else {
            return value.flatMap { $0.isEmpty ? nil : Secret($0) }
        }
        guard (value ?? "").isEmpty else {
            throw CommandError(
                "Both \(setting.environmentName) and "
                    + "\(Setting.environmentName(setting.fileName)) are set; one is needed."
            )
        }
        return try Self.secret(inFile: path)
    }

    /// The text of a secret's file, without the line end that editors put there.
    static func secret(inFile path: String) throws -> Secret {
        guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CommandError("The file \(path) with a secret cannot be read.")
        }
        let text = content.trimmingCharacters(in: .newlines)
        guard !text.isEmpty else { throw CommandError("The file \(path) with a secret is empty.") }
        return Secret(text)
    }

    /// A setting that a command cannot do without.
    func required<Value>(_ value: Value?, _ setting: Setting, _ hint: String) throws -> Value {
        guard let value else {
            let file = setting.isSecret ? " (or \(Setting.environmentName(setting.fileName)))" : ""
            throw CommandError("\(setting.environmentName)\(file) is not set. \(hint)")
        }
        return value
    }

    /// Our part of the environment, without the prefix.
    ///
    /// What nobody reads is likely misspelt, and a misspelt setting that is silently ignored is
    /// found too late.
    private static func own(
        _ environment: [String: String]
    ) -> (own: [String: String], flaws: [CommandError]) {
        let known = Set(Setting.names.map { Setting.environmentName($0) })
        let kubernetes = KubernetesVariables(environment)
        var own: [String: String] = [:]
        var flaws: [CommandError] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(Setting.prefix) && !kubernetes.contain(name, value) {
            if known.contains(name) {
                // As above: the library would take it for a value of the wrong form.
                guard !value.isEmpty else { continue }
                own[String(name.dropFirst(Setting.prefix.count))] = value
            } else {
                flaws.append(
                    CommandError("The environment holds \(name), which is no setting.")
                )
            }
        }
        return (own, flaws)
    }

    private static func flawsOfNames(inFile path: String) throws -> [CommandError] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("The configuration file \(path) cannot be read.")
        }
        guard let json = try? JSONParser.parse(Array(data), depthMax: jsonDepthMax),
            let members = json.members
        else { throw CommandError("The configuration file \(path) is not a JSON object.") }
        return members.compactMap { member in
            let (name, value) = (member.name, member.value)
            guard Setting.names.contains(name) else {
                return CommandError(
                    "The configuration file \(path) holds \(name), which is no setting."
                )
            }
            // What cannot be read as the setting's form would count as not set.
            switch (value, Setting(rawValue: name)?.form ?? .text) {
            case (.string, _), (.bool, .flag): return nil
            case (.number(let digits), .number) where Int(digits) != nil: return nil
            case (_, let form):
                return CommandError(
                    "The configuration file \(path) holds \(name), which must be \(form.words)."
                )
            }
        }
    }
}

extension Setting.Form {
    fileprivate var words: String {
        switch self {
        case .text: "a text"
        case .number: "a whole number"
        case .flag: "true or false"
        }
    }
}
