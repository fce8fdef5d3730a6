import ArgumentParser
import Ledger
import MerkleLog
import StateMap
import Wire
import Witness

/// What a verifier of a state's proof takes and asks for.
struct StateProofOptions: ParsableArguments {
    @Option(
        name: .customLong("max-age"),
        help: ArgumentHelp(
            "How old the answer may be, such as 60s, 10m or 1d. Without it any age passes.",
            valueName: "time"
        )
    )
    var maxAge: TimeSpan?

    @Option(
        name: .customLong("witness-policy"),
        help: ArgumentHelp(
            "The witnesses that you know, and how many must have cosigned (C2SP tlog-policy).",
            valueName: "file"
        )
    )
    var witnessPolicy: String?

    @Option(help: "The clientId of the app that it must be about.")
    var app: String?

    @Option(
        help: ArgumentHelp(
            "The app's own id of the user that it must be about; takes --app and --name-key-file.",
            valueName: "clientUserId"
        )
    )
    var user: String?

    @Option(
        name: .customLong("name-key-file"),
        help: ArgumentHelp(
            "The file with the app's name key, 64 hexadecimal digits.",
            valueName: "file"
        )
    )
    var nameKeyFile: String?

    /// Whether none of these was given.
    var isEmpty: Bool {
        maxAge == nil && witnessPolicy == nil && app == nil && user == nil && nameKeyFile == nil
    }

    func validate() throws {
        guard (user == nil) == (nameKeyFile == nil) else {
            throw ValidationError("--user and --name-key-file belong together.")
        }
        guard user == nil || app != nil else {
            throw ValidationError(
                "--user takes --app: an id is one of an app, and another app may have no such user."
            )
        }
    }

    /// The rules that these make at a time, in seconds since 1970.
    func check(keys: [VerifierKey], now: Int) throws -> StateProofCheck {
        guard !keys.isEmpty else {
            throw CommandError(
                "A proof is worth what the key is that it is checked with: --key names the one that "
                    + "token-ledger checkpoint key printed."
            )
        }
        var check = StateProofCheck(keys: keys, now: now)
        check.ageMax = maxAge.map { Int($0.seconds) }
        check.whom = try app.map { app in
            StateProofCheck.Whom(clientID: app, label: try label())
        }
        if let witnessPolicy {
            let policy = try WitnessPolicy(file: witnessPolicy)
            for line in policy.skipped { Terminal.message("\(line)") }
            check.witnesses = policy.witnesses.map(\.key)
            check.isQuorum = { policy.isSatisfied(by: $0) }
        }
        return check
    }

    private func label() throws -> Fingerprint? {
        guard let user, let nameKeyFile else { return nil }
        return MapKey.label(of: Secret(user), nameKey: try Self.nameKey(nameKeyFile))
    }

    private static func nameKey(_ path: String) throws -> [UInt8] {
        let digits = 2 * MapKey.nameKeyByteCount
        // Perhaps with a newline.
        let text = try SecretFile(path, bytesMax: digits + 1).bytes
        let line = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
        guard line.count == digits,
            let key = Hexadecimal.decode(String(decoding: line, as: UTF8.self))
        else { throw CommandError("\(path) does not hold a name key.") }
        return key
    }
}
