import Subprocess
import SystemPackage
import Vault

/// Where a root key comes from.
enum RootKeySource {
    case file(String)
    /// A program with its arguments, such as a call of a key management service.
    case command(String)

    /// The line has 64 digits.
    private static let answerBytesMax = 4_096
    private static let timeMax: Duration = .seconds(30)

    /// The root keys, or the sentence that says how to get one.
    ///
    /// From then on nobody else may look into this process.
    static func keys(_ settings: Settings) async throws -> RootKeys {
        guard let keys = try await keysIfAny(settings) else {
            return try settings.required(
                nil,
                .rootKeyFile,
                "Without a root key no token can be kept. Make one, and keep a copy in a safe "
                    + "place: token-ledger root-key create root.key"
            )
        }
        return keys
    }

    /// The same, or nil where the settings name none.
    static func keysIfAny(_ settings: Settings) async throws -> RootKeys? {
        let current = try source(settings, .rootKeyFile, .rootKeyCommand)
        let other = try source(settings, .otherRootKeyFile, .otherRootKeyCommand)
        guard let current else {
            guard other == nil else {
                throw CommandError(
                    "\(Setting.otherRootKeyFile.environmentName) names a further root key, and "
                        + "\(Setting.rootKeyFile.environmentName) is not set."
                )
            }
            return nil
        }
        try ProcessMemory.close()
        let keys = RootKeys(try await current.key(), other: try await other?.key())
        guard keys.current.id != keys.other?.id else {
            throw CommandError("Both root keys are the same; one of them is the new one.")
        }
        return keys
    }

    private static func source(
        _ settings: Settings,
        _ file: Setting,
        _ command: Setting
    ) throws -> RootKeySource? {
        switch (try settings.text(file), try settings.text(command)) {
        case (let file?, nil): return .file(file)
        case (nil, let command?): return .command(command)
        case (nil, nil): return nil
        case (_?, _?):
            throw CommandError(
                "Both \(file.environmentName) and \(command.environmentName) are set; one is needed."
            )
        }
    }

    private func key() async throws -> RootKey {
        switch self {
        case .file(let path):
            let key = try RootKey(file: path)
            if key.isOpenToGroup {
                Terminal.message("Note: a group may read \(path), which holds the root key.")
            }
            return key
        case .command(let line): return try await Self.printed(by: line)
        }
    }

    /// What a program prints; its errors go where ours go.
    ///
    /// No shell reads the line: words are parted by blanks.
    private static func printed(by line: String) async throws -> RootKey {
        let words = line.split(separator: " ").map(String.init)
        guard let program = words.first else {
            throw CommandError("The root key's command is empty.")
        }
        let answer = try await withThrowingTaskGroup(of: (TerminationStatus, String?)?.self) {
            group in
            group.addTask {
                do {
                    let result = try await Subprocess.run(
                        program.contains("/") ? .path(FilePath(program)) : .name(program),
                        arguments: Arguments(Array(words.dropFirst())),
                        output: .string(limit: answerBytesMax),
                        error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
                    )
                    return (result.terminationStatus, result.standardOutput)
                } catch {
                    throw CommandError("The root key's command \(program) cannot be run: \(error)")
                }
            }
            group.addTask {
                try await Task.sleep(for: timeMax)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let (status, text) = answer else {
            throw CommandError("The root key's command \(program) did not end within 30 seconds.")
        }
        guard status.isSuccess else {
            throw CommandError("The root key's command \(program) failed: \(status).")
        }
        guard let key = RootKey(digits: text ?? "") else {
            throw CommandError(
                "The root key's command \(program) did not print 64 hexadecimal digits."
            )
        }
        return key
    }
}
