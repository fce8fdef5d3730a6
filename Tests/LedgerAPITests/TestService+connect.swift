import Crypto
import HumanConnect
import Ledger
import LedgerStore
import NIOHTTP1
import Postgres
import Testing
import Wire

/// A launch as the page gets it.
struct ServedLaunch: Sendable {
    let id: String
    let mode: String
    /// Encoded once already.
    let clientUserID: String
    let publicToken: String
    /// The path of `finish_url`.
    let finishPath: String
    let answer: TestAnswer

    /// The user as the provider understands the popup's URL.
    var decodedUserID: String {
        PercentCoding.decode(clientUserID.utf8, plusIsSpace: true) ?? ""
    }
}

extension TestService {
    /// Launches a user directly.
    func launch(
        _ clientUserID: String,
        finish: String = "direct",
        session: TestSession? = nil,
        headers: [String: String] = [:]
    ) async throws -> ServedLaunch {
        let answer = try await askLaunch(clientUserID, finish, session?.challenge, headers)
        try #require(answer.status == 201, "\(answer.text)")
        let options = answer.json["options"]
        return ServedLaunch(
            id: try #require(answer["launch_id"]),
            mode: try #require(answer["mode"]),
            clientUserID: try #require(options?["clientUserId"]?.text),
            publicToken: try #require(options?["publicToken"]?.text),
            finishPath: String((answer["finish_url"] ?? "").dropFirst(url.count)),
            answer: answer
        )
    }

    /// Asks for a launch, whatever comes of it.
    func askLaunch(
        _ clientUserID: String,
        _ finish: String = "direct",
        _ challenge: String? = nil,
        _ headers: [String: String] = [:]
    ) async throws -> TestAnswer {
        var members: [JSONValue.Member] = [
            .init("client_user_id", .string(clientUserID)), .init("finish", .string(finish)),
        ]
        if let challenge { members.append(.init("session_challenge", .string(challenge))) }
        return try await post(
            "/v1/launches",
            String(decoding: JSONValue.object(members).encoded, as: UTF8.self),
            headers: headers
        )
    }

    /// Opens the popup with a launch's options; the answer is what the page is handed.
    func play(
        _ launch: ServedLaunch,
        connect: [String] = [],
        disconnect: [String] = [],
        done: Bool = true
    ) async throws -> TestAnswer {
        try await sandbox.play(
            launch.decodedUserID,
            publicToken: launch.publicToken,
            TestSandbox.Popup(connect: connect, disconnect: disconnect, done: done)
        )
    }

    /// Opens the popup, connects, presses Done, and gives the sessionTokenObject.
    func session(
        _ launch: ServedLaunch,
        connect: [String] = ["band"]
    ) async throws -> String {
        let played = try await play(launch, connect: connect)
        try #require(played.status == 200 && played["sessionToken"] != nil, "\(played.text)")
        return played.text
    }

    /// Posts a finish as a page does, without any key.
    func finish(
        _ path: String,
        _ body: String,
        contentType: String? = "application/json",
        origin: String? = nil
    ) async throws -> TestAnswer {
        var headers: [String: String] = [:]
        headers["Content-Type"] = contentType
        headers["Origin"] = origin
        return try await call(.POST, path, key: nil, headers: headers, body: Array(body.utf8))
    }

    /// Takes a user through create or edit mode.
    @discardableResult
    func connect(_ clientUserID: String, _ sources: String...) async throws -> ServedLaunch {
        let launch = try await launch(clientUserID)
        let session = try await session(launch, connect: sources.isEmpty ? ["band"] : sources)
        let answer = try await finish(launch.finishPath, session)
        try #require(answer.status == 201, "\(answer.text)")
        return launch
    }

    /// The types of a user's events, in order.
    func types(_ clientUserID: String) async throws -> [String] {
        try await events(clientUserID).compactMap { $0["event"]?["type"]?.text }
    }

    func events(_ clientUserID: String) async throws -> [JSONValue] {
        let answer = try await get(user(clientUserID, "/events?limit=500"))
        guard case .array(let events)? = answer.json["events"] else { return [] }
        return events
    }

    func tokens(_ clientUserID: String, _ query: String = "") async throws -> TestAnswer {
        try await get(user(clientUserID, "/tokens") + query)
    }

    /// Waits until the provider has been sent a session.
    func waitForExchange(of session: String) async throws {
        try await eventually("the exchange is under way") {
            try await exchanges(of: session) == 1
        }
    }

    /// The exchanges that the provider saw of one session.
    func exchanges(of session: String) async throws -> Int {
        let object = try SessionTokenObject(
            body: Array(session.utf8),
            contentType: "application/json"
        )
        let hash = Hexadecimal.encode(SHA256.hash(data: Array(object.sessionToken.exposed.utf8)))
        return try await sandbox.requests("/v1/connect/tokens").filter {
            $0["exchange"]?["session_token_sha256"]?.text == hash
        }.count
    }
}

// MARK: The database

extension TestService {
    func asOwner<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.connect(owner.withoutTimeLimits)
        let value = try await body(connection)
        await connection.close()
        return value
    }

    /// How many events all logs hold.
    func eventCount() async throws -> Int64 {
        try await asOwner { connection in
            // The log of maps goes on by itself.
            try await connection.query(
                Statement(
                    "count",
                    "select count(*) from ledger.event where log_id <> $1",
                    .int4(Log.map.id)
                )
            ) { result throws(PostgresError) in try result.int8(0, 0) }
        }
    }

    /// The records of a log, in order.
    func records(log: Log) async throws -> [Record] {
        let rows = try await asOwner { connection in
            try await connection.query(
                Statement(
                    "records",
                    "select record from ledger.event where log_id = $1 order by position",
                    .int4(log.id)
                )
            ) { result throws(PostgresError) in
                var rows: [[UInt8]] = []
                for row in 0..<result.rowCount { rows.append(try result.bytes(row, 0)) }
                return rows
            }
        }
        return try rows.map { try Record(decoding: $0) }
    }

    /// Runs SQL with all rights, also against the append-only triggers.
    func damage(_ sql: String) async throws {
        try await asOwner { try await $0.script(sql) }
    }

    /// Exchanges go to another address from here on.
    func move(to url: String) async throws {
        try await damage("update ledger.app set user_url = '\(url)'")
        // The service remembers an app for two seconds.
        try await Task.sleep(for: .seconds(3))
    }
}
