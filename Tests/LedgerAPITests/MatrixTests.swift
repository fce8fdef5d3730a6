import HumanConnectSandbox
import Ledger
import LedgerAPI
@testable import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

/// Every operation that openapi.yaml names × every scope × both apps × the own, a foreign and an
/// unknown user: whatever the document says is asked, and nobody has to add it here.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct MatrixTests {
    /// An app with a key for each scope.
    private struct Side {
        let app: StoredApp
        let sandbox: SandboxApp
        let all: String
        var keys: [(scope: Scope, key: String)] = []
    }

    /// What the `{…}` of a path and the members of a body are filled with.
    private struct Names {
        let user: String
        let subject: String
        let launch: String
        let launchToken: String
        /// Of an event of the app.
        let position: String
        let finish: String
        /// An endpoint of webhooks, where the operation is about one.
        var endpoint = ""
        /// A problem of the user, where the operation is about one.
        var problem = ""

        /// Nil for a name that the document has and this test does not know.
        func value(_ name: String) -> String? {
            switch name {
            case "client_user_id": user
            case "launch_id": launch
            case "launch_token": launchToken
            case "position": position
            case "endpoint": endpoint
            case "problem": problem
            case "log_id": "0"
            case "from": "1"
            default: nil
            }
        }
    }

    /// Whose the names are, for the app that asks.
    private enum Whose: CaseIterable {
        case own, foreign, unknown
    }

    @Test("the document's operations answer every scope, app and user as it promises")
    func matrix() async throws {
        try await TestService.run(treeAccess: .key) { service in
            let document = try await service.call(.GET, "/openapi.yaml", key: nil).text
            let operations = try DocumentedOperation.all(in: document)
            #expect(
                Set(operations.map(\.description))
                    == Set(service.api.routes.map { "\($0.method) \($0.path)" })
            )
            #expect(operations.count(where: \.isEndless) == 1)
            let sides = try await sides(service)
            while try await service.call(.GET, "/checkpoint", key: service.key).status != 200 {
                try await Task.sleep(for: .milliseconds(50))
            }
            var cells = 0
            for operation in operations {
                cells += try await check(operation, sides, service)
            }
            // Nobody's key, and each scope's of each app.
            let callers = 1 + sides.count * Scope.allCases.count
            #expect(cells == operations.count * callers * Whose.allCases.count)
            #expect(cells > 2_000)
        }
    }

    /// The keys of queries that name users, and those that do not: a new one is put in its place here.
    private static let userKeys: Set = ["user", "subject"]
    private static let otherKeys: Set = [
        "cursor", "limit", "log", "type", "since", "until", "as_of", "as_of_position", "format",
        "header", "from_position", "until_position", "after", "from", "to", "follow", "state",
        "kind", "proof",
    ]

    @Test("a query that names a user finds the app's own, and nobody else's")
    func queries() async throws {
        try await TestService.run(treeAccess: .key) { service in
            let document = try await service.call(.GET, "/openapi.yaml", key: nil).text
            let operations = try DocumentedOperation.all(in: document)
            #expect(
                Set(operations.flatMap(\.queryNames)) == Self.userKeys.union(Self.otherKeys),
                "say here whether it names a user"
            )
            let sides = try await sides(service)
            // Each app has another user, who is not asked for.
            var known: [(asked: Names, other: Names)] = []
            for side in sides {
                let names = (try await names(side, service), try await names(side, service))
                for user in [names.0.user, names.1.user] {
                    _ = try await service.problem(of: user, key: side.all)
                }
                known.append(names)
            }
            var asked: [String] = []
            for operation in operations {
                for key in operation.queryNames where Self.userKeys.contains(key) {
                    asked.append("\(operation) \(key)")
                    for index in sides.indices {
                        try await checkQuery(operation, key, sides[index], known, index, service)
                    }
                }
            }
            #expect(
                asked.sorted() == [
                    "GET /v1/events subject", "GET /v1/events/tail subject",
                    "GET /v1/events/tail user", "GET /v1/export subject", "GET /v1/export user",
                    "GET /v1/export/identities subject", "GET /v1/export/identities user",
                    "GET /v1/problems subject", "GET /v1/problems user",
                ]
            )
        }
    }

    /// Asks for the own user, the other app's and nobody's, with each scope of an app and without a key.
    private func checkQuery(
        _ operation: DocumentedOperation,
        _ key: String,
        _ side: Side,
        _ known: [(asked: Names, other: Names)],
        _ index: Int,
        _ service: TestService
    ) async throws {
        let none = unknown(service)
        let callers: [(scope: Scope?, secret: String?)] =
            side.keys.map { ($0.scope, $0.key) } + [(nil, nil)]
        for (scope, secret) in callers {
            var answers: [Whose: TestAnswer] = [:]
            for whose in Whose.allCases {
                let names =
                    switch whose {
                    case .own: known[index].asked
                    case .foreign: known[1 - index].asked
                    case .unknown: none
                    }
                let value = key == "user" ? names.user : names.subject
                answers[whose] = try await service.call(
                    HTTPMethod(rawValue: operation.method),
                    "\(operation.path)?\(key)=\(value)"
                        + (operation.isEndless ? "&follow=false" : ""),
                    key: secret
                )
            }
            let cell = "\(operation) \(key), \(scope.map(\.rawValue) ?? "no key")"
            guard operation.scope == scope?.rawValue else {
                let code = scope == nil ? "unauthenticated" : "insufficient_scope"
                #expect(answers.values.allSatisfy { $0.code == code }, "\(cell)")
                continue
            }
            let own = try #require(answers[.own])
            #expect(own.status == 200 && own.text.contains(known[index].asked.subject), "\(cell)")
            #expect(!own.text.contains(known[index].other.subject), "\(cell): the key is heeded")
            #expect(answers[.foreign]?.lasting == answers[.unknown]?.lasting, "\(cell)")
            // Who is named by the app's own id must be there; a pseudonym is a filter.
            #expect(answers[.foreign]?.status == (key == "user" ? 404 : 200), "\(cell)")
            let foreign = known[1 - index].asked
            for text in [foreign.user, foreign.subject] {
                #expect(answers.values.allSatisfy { !$0.text.contains(text) }, "\(cell)")
            }
        }
    }

    /// Asks one operation in every way; gives how many ways there were.
    private func check(
        _ operation: DocumentedOperation,
        _ sides: [Side],
        _ service: TestService
    ) async throws -> Int {
        var cells = 0
        let none = unknown(service)
        // Whoever may do something does it to users whom nobody has touched.
        var known: [Names] = []
        for side in sides {
            var names = try await names(side, service)
            if operation.isAbout("endpoint") {
                names.endpoint = try await endpoint(side, service)
            }
            if operation.isAbout("problem") {
                names.problem = try await service.problem(of: names.user, key: side.all)
            }
            known.append(names)
        }
        for whose in Whose.allCases {
            let names = [known[0], known[1], none][Whose.allCases.firstIndex(of: whose) ?? 0]
            let answer = try await send(operation, names, key: nil, service)
            judge(answer, operation, whose, key: nil)
            cells += 1
        }
        for (index, side) in sides.enumerated() {
            for (scope, key) in side.keys {
                var answers: [Whose: TestAnswer] = [:]
                // The own one is the last: an erasure leaves nobody.
                for whose in [Whose.unknown, .foreign, .own] {
                    let names =
                        switch whose {
                        case .own: known[index]
                        case .foreign: known[1 - index]
                        case .unknown: none
                        }
                    let answer = try await send(operation, names, key: key, service)
                    judge(answer, operation, whose, key: scope)
                    answers[whose] = answer
                    cells += 1
                }
                if operation.scope == scope.rawValue, operation.isProof {
                    for whose in [Whose.foreign, .unknown] {
                        let text = answers[whose]?.text ?? "\nsubject "
                        #expect(!text.contains("\nsubject "), "\(operation): nobody of the app's")
                    }
                }
                if operation.scope == scope.rawValue,
                    operation.isSomebodys
                {
                    #expect(
                        answers[.foreign]?.lasting == answers[.unknown]?.lasting,
                        "\(operation): a foreign one looks like one that is not there"
                    )
                }
            }
        }
        return cells
    }

    /// What the document promises for a cell; `key` is nil without one.
    private func judge(
        _ answer: TestAnswer,
        _ operation: DocumentedOperation,
        _ whose: Whose,
        key: Scope?
    ) {
        let cell = "\(operation), \(key.map(\.rawValue) ?? "no key"), \(whose): \(answer.status)"
        #expect(answer.status < 500 && operation.statuses.contains(answer.status), "\(cell)")
        guard let scope = operation.scope else {
            #expect(![401, 403].contains(answer.status), "\(cell)")
            let isToken = operation.isAbout("launch_token")
            #expect((answer.status == 404) == (isToken && whose == .unknown), "\(cell)")
            return
        }
        guard let key else { return #expect(answer.code == "unauthenticated", "\(cell)") }
        guard scope == key.rawValue else {
            return #expect(answer.code == "insufficient_scope", "\(cell)")
        }
        #expect(![400, 401, 403].contains(answer.status), "\(cell) \(answer.text)")
        #expect(
            (answer.status == 404) == (operation.isSomebodys && whose != .own),
            "\(cell) \(answer.text)"
        )
    }

    private func send(
        _ operation: DocumentedOperation,
        _ names: Names,
        key: String?,
        _ service: TestService
    ) async throws -> TestAnswer {
        func value(_ name: String) throws -> String {
            try #require(names.value(name), "say here what to put for {\(name)} of openapi.yaml")
        }
        var path = try operation.path.split(separator: "/").map { part in
            if part == "**" { return "0/000.p/1" }
            guard part.hasPrefix("{") else { return String(part) }
            return try value(String(part.dropFirst().dropLast()))
        }.joined(separator: "/")
        path = "/" + path
        var query = try operation.neededQueryNames.map { "\($0)=\(try value($0))" }
        if operation.isEndless { query.append("follow=false") }
        if !query.isEmpty { path += "?" + query.joined(separator: "&") }
        return try await service.call(
            HTTPMethod(rawValue: operation.method),
            path,
            key: key,
            headers: operation.example == nil ? [:] : ["Content-Type": "application/json"],
            body: operation.example.map { body(like: $0, names) }
        )
    }

    /// The document's example with names of ours; what the popup hands over is of the launch.
    private func body(like example: [String: String], _ names: Names) -> [UInt8] {
        if example["sessionToken"] != nil { return Array(names.finish.utf8) }
        let members = example.map { name, value in
            // No text of an example is a number.
            guard Int64(value) == nil else { return JSONValue.Member(name, .number(value)) }
            return JSONValue.Member(name, .string(names.value(name) ?? value))
        }
        return JSONValue.object(members).encoded
    }

    // MARK: Who there is

    private func sides(_ service: TestService) async throws -> [Side] {
        var sides = [
            Side(app: service.app, sandbox: TestSandbox.ownApp, all: service.key),
            Side(app: service.foreignApp, sandbox: TestSandbox.foreignApp, all: service.foreignKey),
        ]
        for index in sides.indices {
            for scope in Scope.allCases {
                let key = try await service.key(of: sides[index].app, scope)
                sides[index].keys.append((scope, key))
            }
        }
        return sides
    }

    /// A connected user of an app, with the finish that connected it.
    private func names(_ side: Side, _ service: TestService) async throws -> Names {
        let user = "user-\(service.store.clock.identifier())"
        let launched = try await service.call(
            .POST,
            "/v1/launches",
            key: side.all,
            headers: ["Content-Type": "application/json"],
            body: Array(#"{"client_user_id":"\#(user)","finish":"direct"}"#.utf8)
        )
        let played = try await service.sandbox.play(
            user,
            publicToken: "",
            TestSandbox.Popup(connect: ["band"]),
            of: side.sandbox
        )
        let finishPath = String((launched["finish_url"] ?? "").dropFirst(service.url.count))
        let finished = try await service.finish(finishPath, played.text)
        try #require(finished.status == 201, "\(launched.text) \(played.text) \(finished.text)")
        let shown = try await service.call(.GET, "/v1/users/\(user)", key: side.all)
        return Names(
            user: user,
            subject: try #require(shown["subject"]),
            launch: try #require(launched["launch_id"]),
            launchToken: String(finishPath.dropFirst("/v1/finish/".count)),
            position: try await firstPosition(side, service),
            finish: played.text
        )
    }

    private func endpoint(_ side: Side, _ service: TestService) async throws -> String {
        let made = try await service.store.add(
            WebhookDefinition(url: "https://hooks.example.com/"),
            of: side.app,
            context: RecordContext(actor: "operator")
        )
        return try #require(made).id.description
    }

    private func firstPosition(_ side: Side, _ service: TestService) async throws -> String {
        let answer = try await service.call(.GET, "/v1/events?limit=1", key: side.all)
        guard case .array(let events)? = answer.json["events"],
            case .number(let position)? = events.first?["position"]
        else {
            Issue.record("\(answer.text)")
            return ""
        }
        return position
    }

    private func unknown(_ service: TestService) -> Names {
        let identifier = service.store.clock.identifier()
        return Names(
            user: "nobody-\(identifier)",
            subject: identifier.description,
            launch: identifier.description,
            launchToken: service.store.vault.launchToken(identifier).exposed,
            // The database has a third app, whose registration was the first event.
            position: "0",
            finish: #"{"humanId":"h","clientId":"own-client","sessionToken":"s","userId":"u"}"#,
            endpoint: identifier.description,
            problem: "needs_reconnect.\(identifier)"
        )
    }
}

extension DocumentedOperation {
    /// Whether its path names what belongs to one app.
    fileprivate var isSomebodys: Bool {
        isAbout("client_user_id", "launch_id", "position", "endpoint", "problem") && !isProof
    }

    /// Whether it proves what is current for a user: that there is nobody, too.
    fileprivate var isProof: Bool { isAbout("client_user_id") && path.hasSuffix("/proof") }

    /// Whether its path has one of these names.
    fileprivate func isAbout(_ names: String...) -> Bool {
        names.contains { path.contains("{\($0)}") }
    }
}
