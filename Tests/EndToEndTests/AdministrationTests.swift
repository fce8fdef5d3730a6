import Foundation
import TestSupport
import Testing
import Wire

/// Apps and API keys as an operator looks after them, on a database of the test's own.
@Suite("administration", .timeLimit(.minutes(5)))
struct AdministrationTests {
    /// Runs commands against one database.
    private struct Operator {
        let settings: [String: String]

        func run(
            _ command: String,
            _ more: [String: String] = [:]
        ) async throws -> TestProgram.Answer {
            try await TestProgram.run(
                TestProgram.path,
                command.split(separator: " ").map(String.init),
                environment: settings.merging(more) { $1 }
            )
        }

        /// The document that a command prints.
        func json(_ command: String) async throws -> JSONValue {
            let answer = try await run(command)
            try #require(answer.status == 0, "\(answer.messages)")
            return try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8)
        }

        /// Expects a refusal in these words.
        func refuse(_ command: String, _ status: Int32, _ words: String) async throws {
            let answer = try await run(command)
            #expect(answer.status == status, "\(command)")
            #expect(answer.messages.contains(words), "\(command): \(answer.messages)")
        }

        /// The key's row of the list.
        func key(_ id: String?) async throws -> JSONValue {
            guard case .array(let keys) = try await json("api-key list --json") else {
                return .null
            }
            return keys.first { $0["id"]?.text == id } ?? .null
        }
    }

    /// Lends a migrated database with one app, `a`, that has one key.
    private func work(_ body: (Operator, _ folder: String) async throws -> Void) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let key = folder.path + "/root.key"
            try #require(
                FileManager.default.createFile(
                    atPath: key,
                    contents: Data(String(repeating: "5a", count: 32).utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
            let someone = Operator(settings: [
                "TOKEN_LEDGER_OWNER_DATABASE_URL": database.url,
                "TOKEN_LEDGER_DATABASE_URL": database.url,
                "TOKEN_LEDGER_ROOT_KEY_FILE": key, "TOKEN_LEDGER_CLIENT_SECRET": "first",
            ])
            for command in ["migrate", "app add --client-id a --name A"] {
                let answer = try await someone.run(command)
                try #require(answer.status == 0, "\(answer.messages)")
            }
            try await body(someone, folder.path)
        }
    }

    @Test("a key is made, listed, rotated, given an end and revoked, and all of it is on record")
    func keys() async throws {
        try await work { someone, _ in
            let made = try await someone.json(
                """
                api-key create --app a --scope launch --scope finish --label nightly --expires 90d \
                --network 192.0.2.0/24 --network 2001:DB8::/32 --test --json
                """
            )
            let id = try #require(made["id"]?.text)
            let secret = try #require(made["key"]?.text)
            #expect(secret.hasPrefix("tl_test_"))
            let row = try await someone.key(id)
            #expect(row["app"] == "a" && row["label"] == "nightly" && row["revoked_at"] == .null)
            #expect(row["scopes"] == ["launch", "finish"] && row["last_used_at"] == .null)
            #expect(row["networks"] == ["192.0.2.0/24", "2001:db8::/32"] && row["key"] == nil)
            #expect(row["expires_at"]?.text != nil)

            try await someone.refuse("api-key rotate \(id)", 1, "say when the new one does")
            let rotated = try await someone.json(
                "api-key rotate \(id) --overlap 1h --expires never --json"
            )
            let next = try #require(rotated["id"]?.text)
            #expect(rotated["key"]?.text?.hasPrefix("tl_test_") == true)
            let new = try await someone.key(next)
            #expect(new["replaces"]?.text == id && new["expires_at"] == .null)
            for name in ["scopes", "networks", "label"] { #expect(new[name] == row[name]) }
            #expect(try await someone.key(id)["expires_at"] == rotated["replaced_expires_at"])

            #expect(try await someone.run("api-key expire \(next) --in 2d --app a").status == 0)
            #expect(try await someone.key(next)["expires_at"]?.text != nil)
            #expect(try await someone.run("api-key revoke \(next)").status == 0)
            let revoked = try await someone.key(next)["revoked_at"]
            let again = try await someone.run("api-key revoke \(next)")
            #expect(again.status == 0 && again.messages.contains("is revoked since"))
            #expect(try await someone.key(next)["revoked_at"] == revoked)

            let list = try await someone.run("api-key list --app a")
            #expect(list.output.contains(id) && list.output.contains("revoked "))
            let records = try await someone.run("export --log facts").output
            let types = records.split(separator: "\n").compactMap { line in
                try? JSONParser.parse(Array(line.utf8), depthMax: 8)["type"]?.text
            }
            #expect(
                types == [
                    "app.added", "api_key.created", "api_key.created", "api_key.expiry_set",
                    "api_key.expiry_set", "api_key.revoked",
                ]
            )
            for text in [secret, "nightly", "192.0.2"] { #expect(!records.contains(text)) }
            #expect(!list.output.contains(secret) && !list.output.contains("tl_test_"))
        }
    }

    @Test("what cannot be done to a key is refused in words, and changes nothing")
    func refusals() async throws {
        try await work { someone, _ in
            let create = "api-key create --app a --scope launch"
            let made = try await someone.json(create + " --json")
            let id = try #require(made["id"]?.text)
            for verb in ["revoke", "expire --in 1h", "rotate"] {
                let nobody = "api-key \(verb) 0123456789ab"
                try await someone.refuse(nobody, 1, "There is no API key 0123456789ab")
                try await someone.refuse("api-key \(verb) \(id) --app b", 1, "belongs to the app a")
                let itself = "api-key \(verb) \(made["key"]?.text ?? "")"
                try await someone.refuse(itself, 64, "Name it by its id: \(id)")
            }
            let expire = "api-key expire \(id)"
            try await someone.refuse(expire, 64, "Say when")
            try await someone.refuse(expire + " --in 1h --at 2100-01-01T00:00:00Z", 64, "Say when")
            try await someone.refuse(expire + " --at 2020-01-01T00:00:00Z", 64, "not in the future")
            try await someone.refuse(expire + " --in 0s", 64, "not in the future")
            try await someone.refuse(expire + " --at tomorrow", 64, "RFC 3339")
            try await someone.refuse(create + " --expires 5", 64, "--expires")
            try await someone.refuse(create + " --network 10.0.0.1/8", 64, "10.0.0.0/8")
            try await someone.refuse(create + " --network nowhere", 64, "is no network")
            #expect(try await someone.key(id)["expires_at"] == .null)

            #expect(try await someone.run("api-key revoke \(id)").status == 0)
            try await someone.refuse("api-key rotate \(id)", 1, "was revoked at")
            try await someone.refuse(expire + " --in 1h", 1, "was revoked at")
            let short = try await someone.json(create + " --expires 1s --json")["id"]?.text ?? ""
            try await Task.sleep(for: .milliseconds(1_100))
            try await someone.refuse("api-key expire \(short) --in 1h", 1, "expired at")
        }
    }

    @Test("an app is updated as it is told to, and by nothing else")
    func app() async throws {
        try await work { someone, folder in
            func app() async throws -> JSONValue {
                guard case .array(let apps) = try await someone.json("app list --json") else {
                    return .null
                }
                return apps.first ?? .null
            }
            try await someone.refuse("app update a", 64, "Say what to change")
            try await someone.refuse("app update b --no-origins", 1, "There is no app b")
            try await someone.refuse("app update a --origin null", 64, "is no web origin")
            try await someone.refuse("app update a --origin https://x --no-origins", 64, "only one")
            try await someone.refuse("app update a --app-key", 1, "TOKEN_LEDGER_APP_KEY")
            try await someone.refuse("app update a --user-url ftp://x", 1, "user URL must be")
            #expect(try await app()["client_secret_version"] == .number("1"))

            // The secret in the environment is none that somebody asked to take.
            let moved = try await someone.run(
                "app update a --user-url http://127.0.0.1:9 --origin https://x.example:443"
            )
            #expect(moved.status == 0, "\(moved.messages)")
            var now = try await app()
            #expect(now["user_url"] == "http://127.0.0.1:9")
            #expect(now["api_url"] == "https://api.humanapi.co")
            #expect(now["allowed_origins"] == ["https://x.example"])
            #expect(now["client_secret_version"] == .number("1") && now["has_app_key"] == false)

            let file = folder + "/app-key"
            try "the app key\n".write(toFile: file, atomically: true, encoding: .utf8)
            let secrets = try await someone.run(
                "app update a --client-secret --app-key-file \(file) --no-origins",
                ["TOKEN_LEDGER_CLIENT_SECRET": "second"]
            )
            #expect(secrets.status == 0, "\(secrets.messages)")
            now = try await app()
            #expect(now["client_secret_version"] == .number("2") && now["has_app_key"] == true)
            #expect(now["allowed_origins"] == [])
            #expect(try await someone.run("app update a --no-app-key").status == 0)
            #expect(try await app()["has_app_key"] == false)
            let same = try await someone.run("app update a --no-app-key --no-origins")
            #expect(same.status == 0 && same.messages.contains("nothing was written"))

            let records = try await someone.run("export --log facts").output
            #expect(records.split(separator: "\n").count == 4)
            for text in ["second", "the app key"] { #expect(!records.contains(text)) }
            let verdict = try await someone.run("verify")
            #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        }
    }
}
