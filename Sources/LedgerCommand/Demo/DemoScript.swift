import BoundedClient
import LedgerAudit
import LedgerStack
import LedgerStore
import Postgres
import Wire

/// One user's story, told step by step; throws at the first step that does not hold.
struct DemoScript {
    private let actors: DemoActors
    private let owner: PostgresConfiguration
    private var transcript = Transcript()
    private var sessions = 0

    init(_ stack: DevStack) {
        actors = DemoActors(stack.identity)
        owner = stack.ledger.owner
    }

    /// Plays everything.
    func play() async throws {
        var script = self
        do {
            try await script.playAll()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CommandError("\(error)")
        }
    }

    private mutating func playAll() async throws {
        Terminal.result("The user is \(actors.user).")
        try await create()
        try await edit()
        try await loseToken()
        let (launch, session, answer) = try await recover()
        try await repeatFinish(launch, session, answer)
        try await replay()
        try await export()
        try await compare()
        Terminal.result(
            "\n\(Terminal.green("✓")) Everything held: \(transcript.checks) checks in "
                + "\(transcript.steps) steps."
        )
    }

    private mutating func create() async throws {
        transcript.step("The user connects for the first time")
        let launch = try await actors.launch()
        try transcript.check(
            launch.mode == "create" && launch.publicToken.isEmpty,
            "the ledger serves launch options for create mode, without a public token",
            launch.mode
        )
        let session = try await actors.popup(launch, connect: ["band", "scale"])
        transcript.tell("The popup connects Sandbox Fitness Band and Feather Scale, and finishes.")
        _ = try await finish(launch, session)
        let tokens = try await checkTokens(versions: (1, 1))
        transcript.tell(
            "humanId \(Self.masked(tokens.humanID)), access token "
                + "\(Self.masked(tokens.accessToken)), public token "
                + Self.masked(tokens.publicToken)
        )
        let message = try await actors.popupWithoutToken()
        try transcript.check(
            message == "User Already Exists",
            "a page without the ledger would now see \"User Already Exists\"",
            message
        )
    }

    private mutating func edit() async throws {
        transcript.step("The user connects one more source")
        let before = DemoActors.tokens(try await actors.tokens())
        let launch = try await actors.launch()
        try transcript.check(
            launch.mode == "edit" && launch.publicToken == before.publicToken,
            "the ledger serves launch options for edit mode, with the current public token",
            launch.mode
        )
        let session = try await actors.popup(launch, connect: ["watch"])
        transcript.tell("The popup connects Meadow Watch, and finishes.")
        _ = try await finish(launch, session)
        let after = try await checkTokens(versions: (2, 2))
        try transcript.check(
            after.humanID == before.humanID && after.publicToken != before.publicToken
                && after.accessToken != before.accessToken,
            "both tokens changed, the humanId did not"
        )
    }

    private mutating func loseToken() async throws {
        transcript.step("The popup is closed without Done, and a public token is lost")
        let launch = try await actors.launch()
        let session = try await actors.popup(launch, connect: ["clinic"], done: false)
        try transcript.check(
            session["closed"] == .bool(true),
            "the popup gives nothing to the page"
        )
        try await actors.reportClosed(launch)
        let held = DemoActors.tokens(try await actors.tokens())
        let provider = try await actors.providerTokens()
        try transcript.check(
            held.publicToken != provider.publicToken,
            "the provider has rotated the public token, and the ledger holds the old one"
        )
    }

    private mutating func recover() async throws -> (DemoActors.Launch, JSONValue, [UInt8]) {
        transcript.step("The next launch recovers the public token by itself")
        let launch = try await actors.launch()
        let provider = try await actors.providerTokens()
        try transcript.check(
            launch.mode == "edit" && launch.publicToken == provider.publicToken,
            "the launch options hold the provider's current public token",
            launch.mode
        )
        let session = try await actors.popup(launch, connect: ["lab"])
        transcript.tell("The popup opens in edit mode, connects Northlight Laboratory, finishes.")
        let answer = try await finish(launch, session)
        // Version 3 was the recovered one.
        _ = try await checkTokens(versions: (3, 4))
        return (launch, session, answer)
    }

    private mutating func repeatFinish(
        _ launch: DemoActors.Launch,
        _ session: JSONValue,
        _ first: [UInt8]
    ) async throws {
        transcript.step("The page repeats its finish")
        let answer = try await actors.finish(launch, session)
        try transcript.check(
            answer.status == 201 && answer.body == first,
            "the answer is the same as before",
            "\(answer.status)"
        )
        let exchanges = try await actors.exchanges()
        try transcript.check(
            exchanges.count == sessions && Set(exchanges.map(\.session)).count == sessions
                && exchanges.allSatisfy(\.acted),
            "the provider's own log shows one exchange for each of the \(sessions) sessions",
            "\(exchanges.count)"
        )
    }

    private mutating func replay() async throws {
        transcript.step("An auditor replays the history")
        let history = try await actors.history()
        for entry in history {
            transcript.tell(
                "\(Self.position(entry) ?? -1)  \(entry["event"]?["time"]?.text ?? "")  "
                    + (Self.type(entry) ?? "")
            )
        }
        let types = history.compactMap(Self.type)
        try transcript.check(
            types == Self.expectedTypes,
            "the events are exactly what happened, in order",
            types.joined(separator: ", ")
        )
        guard let first = history.first(where: { Self.type($0) == "public_token.rotated" }),
            let position = Self.position(first)
        else { throw Transcript.Failure(description: "No public token was issued.") }
        let past = try await actors.tokens(at: position)
        let versions = Self.versions(past)
        try transcript.check(
            versions == "1, 1",
            "as of position \(position) the user held version 1 of both tokens",
            versions
        )
    }

    private mutating func export() async throws {
        transcript.step("Compliance exports the log")
        let lines = try await actors.export()
        let history = try await actors.history()
        let subject = history.first?["event"]?["subject"]?.text ?? "?"
        let own = lines.filter { $0.contains("\"subject\":\"\(subject)\"") }
        try transcript.check(
            own.count == history.count,
            "the export has \(lines.count) records, and all \(history.count) of the user",
            "\(own.count)"
        )
        let tokens = DemoActors.tokens(try await actors.tokens())
        let values = [actors.user, tokens.humanID, tokens.accessToken, tokens.publicToken]
        try transcript.check(
            !lines.contains { line in values.contains { line.contains($0 ?? "\u{0}") } },
            "no user id, humanId or token is in it"
        )
    }

    private mutating func compare() async throws {
        transcript.step("The projection is compared with a replay of the whole log")
        let report = try await Verification.run(owner)
        for finding in report.findings { transcript.tell("\(finding)") }
        try transcript.check(
            report.findings.isEmpty && report.events > 0,
            VerifyCommand.sentence(report)
        )
    }

    /// Posts a finish that must succeed and gives the answer's body.
    private mutating func finish(
        _ launch: DemoActors.Launch,
        _ session: JSONValue
    ) async throws -> [UInt8] {
        sessions += 1
        let answer = try await actors.finish(launch, session)
        let token = answer.json["publicToken"]?.text
        let provider = try await actors.providerTokens()
        try transcript.check(
            answer.status == 201 && token == provider.publicToken,
            "the page's finish is answered with the provider's public token",
            "\(answer.status) \(answer.json["code"]?.text ?? "")"
        )
        return answer.body
    }

    /// The ledger's current tokens, which must be the provider's.
    private mutating func checkTokens(
        versions: (access: Int, public: Int)
    ) async throws -> DemoActors.Tokens {
        let answer = try await actors.tokens()
        let held = DemoActors.tokens(answer)
        let provider = try await actors.providerTokens()
        try transcript.check(
            held == provider && answer["status"]?.text == "connected",
            "a backend reads the same humanId and tokens that the provider holds"
        )
        let expected = "\(versions.access), \(versions.public)"
        try transcript.check(
            Self.versions(answer) == expected,
            "they are version \(versions.access) of the access token and \(versions.public) of the "
                + "public token",
            Self.versions(answer)
        )
        return held
    }

    private static let expectedTypes = [
        "connect.launched", "finish.received", "exchange.dispatched", "connect.finalized",
        "access_token.rotated", "public_token.rotated",
        "edit.launched", "finish.received", "exchange.dispatched", "edit.finalized",
        "access_token.rotated", "public_token.rotated",
        "edit.launched", "launch.closed",
        "public_token.recovered", "edit.launched", "finish.received", "exchange.dispatched",
        "edit.finalized", "access_token.rotated", "public_token.rotated",
    ]

    private static func type(_ entry: JSONValue) -> String? { entry["event"]?["type"]?.text }

    private static func position(_ entry: JSONValue) -> Int64? {
        guard case .number(let spelling) = entry["position"] else { return nil }
        return Int64(spelling)
    }

    private static func versions(_ answer: JSONValue) -> String {
        ["access_token", "public_token"].map { name in
            guard case .number(let spelling) = answer["versions"]?[name] else { return "none" }
            return spelling
        }.joined(separator: ", ")
    }

    private static func masked(_ token: String?) -> String {
        "\((token ?? "").prefix(6))…"
    }
}
