import Configuration
import Foundation
import Ledger
import SystemPackage
import Wire

/// The settings of one run: flags over environment over file.
struct Settings {
    private let reader: ConfigReader

    private static let jsonDepthMax = 4
    private static let countMax = 1_000_000_000

    /// Reads all three sources.
    ///
    /// - Throws: `CommandError` for a name with our prefix that no setting has, and for a file that
    ///   cannot be read.
    static func load(
        flags: [Setting: String?] = [:],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> Settings {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (setting, value) in flags {
            guard let value else { continue }
            values[AbsoluteConfigKey([setting.rawValue])] = ConfigValue(
                .string(value),
                isSecret: setting.isSecret
            )
        }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: values),
            EnvironmentVariablesProvider(environmentVariables: try own(environment)),
        ]
        let first = Settings(reader: ConfigReader(providers: providers))
        if let path = try first.text(.configFile) {
            try checkNames(inFile: path)
            do {
                providers.append(
                    try await FileProvider<JSONSnapshot>(filePath: FilePath(path))
                )
            } catch {
                throw CommandError("The configuration file \(path) cannot be read.")
            }
        }
        return Settings(reader: ConfigReader(providers: providers))
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

    /// Whether something is set that is on or off.
    func flag(_ setting: Setting) throws -> Bool {
        switch try text(setting) {
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
    private static func own(_ environment: [String: String]) throws -> [String: String] {
        let known = Set(Setting.names.map { Setting.environmentName($0) })
        let kubernetes = KubernetesVariables(environment)
        var own: [String: String] = [:]
        for (name, value) in environment
        where name.hasPrefix(Setting.prefix) && !kubernetes.contain(name, value) {
            guard known.contains(name) else {
                throw CommandError("The environment holds \(name), which is no setting.")
            }
            own[String(name.dropFirst(Setting.prefix.count))] = value
        }
        return own
    }

    private static func checkNames(inFile path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("The configuration file \(path) cannot be read.")
        }
        guard let json = try? JSONParser.parse(Array(data), depthMax: jsonDepthMax),
            let members = json.members
        else { throw CommandError("The configuration file \(path) is not a JSON object.") }
        for member in members where !Setting.names.contains(member.name) {
            throw CommandError(
                "The configuration file \(path) holds \(member.name), which is no setting."
            )
        }
    }
}
