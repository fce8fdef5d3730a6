internal import Foundation
internal import Postgres
internal import TestSupport
internal import Wire

extension World {
    /// How long everything that a crash has left behind may take to come to an end
    /// (docs/threats.md#g31).
    private static let settleTimeMax = Duration.seconds(60)
    private static let pollInterval = Duration.milliseconds(250)
    private static let jsonDepthMax = 16

    /// Waits until no finalize is open and no answer waits on disk.
    ///
    /// Gives false when that takes too long, which is a violation of its own.
    func settle() async throws -> Bool {
        let begin = ContinuousClock.now
        while ContinuousClock.now - begin < Self.settleTimeMax {
            if try await openFinalizes() == 0, waitingAnswers() == 0 {
                return true
            }
            try await Task.sleep(for: Self.pollInterval)
        }
        return false
    }

    private func openFinalizes() async throws -> Int64 {
        try await count(
            Statement(
                "open_finalizes",
                "select count(*) from vault.user_state where settle_at is not null"
            )
        )
    }

    /// How many records each log has.
    func logSizes() async throws -> [Int32: Int64] {
        try await sizes(Statement("log_sizes", "select log_id, size from ledger.log"))
    }

    /// How large the newest tree of each log is of which a signed checkpoint stands in the database.
    func signedSizes() async throws -> [Int32: Int64] {
        try await sizes(
            Statement(
                "signed_sizes",
                "select log_id, max(size) from ledger.checkpoint group by log_id"
            )
        )
    }

    private func sizes(_ statement: Statement) async throws -> [Int32: Int64] {
        let rows = try await ask(statement) { result, row throws(PostgresError) in
            (try result.int4(row, 0), try result.int8(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private func waitingAnswers() -> Int {
        (0..<services.count).reduce(0) { count, copy in
            let names = try? FileManager.default.contentsOfDirectory(
                atPath: "\(folder)/spool-\(copy)"
            )
            return count + (names ?? []).count { $0.hasSuffix(".answer") }
        }
    }

    /// Everything that there is to see now.
    func evidence() async throws -> Evidence {
        var evidence = Evidence()
        evidence.journal = journal.all
        evidence.facts = try await records(of: "fact")
        evidence.accesses = try await records(of: "access")
        evidence.exchanges = try await provider.exchanges()
        evidence.sealedSessions = Int(
            try await count(
                Statement(
                    "sealed_sessions",
                    "select count(*) from vault.value where kind = 'session_token'"
                )
            )
        )
        for (user, app) in users {
            if !app.sharesAppKey { evidence.usersWithoutAppKey.insert(user) }
            evidence.providerUsers[user] = try await provider.user(user, of: app)
        }
        notes.add(to: &evidence)
        evidence.secrets = secrets(evidence)
        evidence.texts = try await texts()
        evidence.tellingFiles = try await files(holding: evidence.secrets)
        return evidence
    }

    /// The records of the log of a kind, by position.
    private func records(of kind: String) async throws -> [JSONValue] {
        let records = try await ask(
            Statement(
                "records",
                """
                select convert_from(e.record, 'UTF8')
                from ledger.event e join ledger.log l using (log_id)
                where l.kind = $1 order by e.log_id, e.position
                """,
                .text(kind)
            )
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        return records.map {
            (try? JSONParser.parse(Array($0.utf8), depthMax: Self.jsonDepthMax)) ?? .null
        }
    }

    /// The values that belong nowhere but into the vault and to those whom they are for.
    private func secrets(_ evidence: Evidence) -> Set<String> {
        var secrets = Set(provider.apps.flatMap { [$0.clientSecret, $0.appKey] } + keys)
        secrets.formUnion(notes.launchTokens)
        let former = evidence.formerUsers.values.flatMap { $0 }
        for user in former + evidence.providerUsers.values {
            secrets.formUnion([user.human, user.publicToken])
            secrets.formUnion(user.accessTokens)
        }
        for entry in evidence.journal {
            switch entry.call {
            case .popup(_, .finished(let session, let human)):
                secrets.formUnion([session, human])
            case .launch(_, let launched?) where !launched.publicToken.isEmpty:
                secrets.insert(launched.publicToken)
            case .read(_, let tokens?):
                secrets.formUnion([tokens.accessToken, tokens.publicToken])
            case .handed(let publicToken): secrets.insert(publicToken)
            default: break
            }
        }
        return secrets
    }

    private func texts() async throws -> [(name: String, text: String)] {
        let paths =
            try await database.logs.map { ("PostgreSQL's log", $0) }
            + (0..<services.count).map { ("the service's log", "\(folder)/service-\($0).log") }
        return paths.map { name, path in
            let bytes = FileManager.default.contents(atPath: path) ?? Data()
            return (name, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// The files of servers and services that hold a secret (docs/threats.md#g16).
    private func files(holding secrets: Set<String>) async throws -> [String] {
        // What is not written yet is looked at as well.
        let owner = try await owner()
        try await owner.script("checkpoint")
        await owner.close()
        let texts = SecretSearch.needles(of: secrets).map { String(decoding: $0, as: UTF8.self) }
        let own = ["checkpoints"] + (0..<services.count).map { "spool-\($0)" }
        let folders = try await database.dataFolders + own.map { "\(folder)/\($0)" }
        var files: [String] = []
        for folder in folders where FileManager.default.fileExists(atPath: folder) {
            files += try await PostgresTools.files(under: folder, holding: texts)
        }
        return files
    }

    private func count(_ statement: Statement) async throws -> Int64 {
        try await ask(statement) { result, row throws(PostgresError) in
            try result.int8(row, 0)
        }.first ?? 0
    }

    /// Asks the database directly, with all rights.
    private func ask<Row: Sendable>(
        _ statement: Statement,
        _ decode: @escaping RowDecoder<Row>
    ) async throws -> [Row] {
        let connection = try await owner()
        do {
            let rows = try await connection.rows(statement, decode)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    private func owner() async throws -> PostgresConnection {
        var configuration = PostgresConfiguration(url: try await database.ownerURL)
        configuration.statementTimeMax = nil
        return try await PostgresConnection.connect(configuration)
    }

    /// What `token-ledger verify` finds: replay, projection, vault and tree in one.
    func verify() async throws -> [Violation] {
        let answer = try await TestProgram.run(
            program,
            ["verify"],
            environment: ["TOKEN_LEDGER_CONFIG_FILE": "\(folder)/settings.json"]
        )
        guard answer.status != 0 else { return [] }
        return [Violation(.replay, "verify ended with \(answer.status): \(answer.output)")]
    }
}
