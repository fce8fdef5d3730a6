import HumanConnect
import Ledger
import LedgerAPI
@testable import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct AuthorizationTests {
    /// What the `{…}` of a route are filled with.
    private struct Names {
        var user: String
        let launchID: String
        let launchToken: String
        let session: String
        let endpoint: String
        let problem: String

        func fill(_ text: String) -> String {
            let pairs = [
                ("{client_user_id}", user), ("{launch_id}", launchID),
                ("{launch_token}", launchToken), ("{session}", session), ("{endpoint}", endpoint),
                ("{problem}", problem),
            ]
            return pairs.reduce(text) { filled, pair in
                filled.split(separator: pair.0, omittingEmptySubsequences: false)
                    .joined(separator: pair.1)
            }
        }
    }

    private func send(
        _ route: TestRoute,
        _ names: Names,
        key: String?,
        _ service: TestService
    ) async throws -> TestAnswer {
        let body = names.fill(route.body)
        return try await service.call(
            route.method,
            names.fill(route.target),
            key: key,
            headers: body.isEmpty ? [:] : ["Content-Type": "application/json"],
            body: body.isEmpty ? nil : Array(body.utf8)
        )
    }

    /// A connected user, and names of nobody.
    private func names(_ service: TestService) async throws -> (own: Names, unknown: Names) {
        let launch = try await service.launch("known")
        let session = try await service.session(launch)
        let finished = try await service.finish(launch.finishPath, session)
        try #require(finished.status == 201)
        let webhook = try await service.store.add(
            WebhookDefinition(url: "https://hooks.example.com/"),
            of: service.app,
            context: RecordContext(actor: "operator")
        )
        let own = Names(
            user: "known",
            launchID: launch.id,
            launchToken: String(launch.finishPath.dropFirst("/v1/finish/".count)),
            session: session,
            endpoint: try #require(webhook).id.description,
            problem: try await service.problem(of: "known")
        )
        let unknown = Names(
            user: "nobody",
            launchID: service.store.clock.identifier().description,
            launchToken: service.store.vault.launchToken(service.store.clock.identifier())
                .exposed,
            session: session,
            endpoint: service.store.clock.identifier().description,
            problem: "needs_reconnect.\(service.store.clock.identifier())"
        )
        return (own, unknown)
    }

    @Test("every route answers every scope as promised")
    func scopes() async throws {
        try await TestService.run { service in
            #expect(
                Set(service.api.routes.map { "\($0.method) \($0.path)" })
                    == Set(TestRoute.all.map(\.description)).union(TestRoute.tree),
                "every route has its row"
            )
            var names = try await names(service)
            var cells = 0
            // Who may erase leaves nobody for those behind.
            for scope in Scope.allCases.filter({ $0 != .erase }) + [.erase] {
                let key = try await service.key(scope)
                // A launch makes a user known, so every scope has its own unknown one.
                names.unknown.user = "nobody-\(cells)"
                for route in TestRoute.all {
                    let own = try await send(route, names.own, key: key, service)
                    let unknown = try await send(route, names.unknown, key: key, service)
                    cells += 2
                    guard route.scope == nil || route.scope == scope else {
                        for answer in [own, unknown] {
                            #expect(answer.status == 403, "\(scope) \(route)")
                            #expect(answer.code == "insufficient_scope", "\(scope) \(route)")
                        }
                        continue
                    }
                    #expect(own.status == route.success, "\(scope) \(route) \(own.text)")
                    let expected = route.unknown ?? (route.success, "")
                    #expect(unknown.status == expected.status, "\(scope) \(route)")
                    #expect(unknown.code ?? "" == expected.code, "\(scope) \(route)")
                }
            }
            #expect(cells == 2 * TestRoute.all.count * Scope.allCases.count)
        }
    }

    /// Registers an app with this `clientId`; gives a key of it.
    private func appKey(_ clientID: String, _ service: TestService) async throws -> String {
        let context = RecordContext(actor: "operator")
        let new = NewApp(
            clientID: clientID,
            name: "odd",
            clientSecret: Secret("secret"),
            appKey: nil,
            connectURL: "http://127.0.0.1:1",
            userURL: "http://127.0.0.1:1",
            apiURL: "http://127.0.0.1:1",
            allowedOrigins: []
        )
        try #require(await service.store.add(new, context: context, owner: service.owners))
        let apps = try await service.store.apps()
        return try await service.store.createAPIKey(
            of: try #require(apps.first { $0.clientID.utf8.elementsEqual(clientID.utf8) }),
            NewAPIKey(scopes: [.launch, .eventsRead, .export], isTest: true),
            context: context,
            owner: service.owner
        ).secret.exposed
    }

    /// Launches a user with a key.
    private func launch(_ key: String, _ service: TestService) async throws {
        let launch = try await service.call(
            .POST,
            "/v1/launches",
            key: key,
            headers: ["Content-Type": "application/json"],
            body: Array(#"{"client_user_id":"alice","finish":"relay"}"#.utf8)
        )
        try #require(launch.status == 201, "\(launch.text)")
    }

    @Test("apps whose clientIds are odd or nearly alike see their own events and no others")
    func oddApps() async throws {
        try await TestService.run { service in
            let clientIDs = [
                "", " ", "%", "*", "own-client ", "Own-Client", "own-client%", "null",
                "' or '1' = '1", "caf\u{E9}", "cafe\u{301}", "\u{212B}", "\u{C5}", "\n",
            ]
            var keys: [String] = []
            for clientID in clientIDs { keys.append(try await appKey(clientID, service)) }
            // The service remembers for 2 s which apps there are.
            try await Task.sleep(for: .milliseconds(2_100))
            for key in keys { try await launch(key, service) }
            let records = try await service.records(log: .facts)
            for (clientID, key) in zip(clientIDs, keys) {
                let own = records.filter { $0.clientID.utf8.elementsEqual(clientID.utf8) }
                #expect(
                    own.map { "\($0.event.type)" }
                        == ["app.added", "api_key.created", "connect.launched"]
                )
                let subject = try #require(own.last?.subject)
                let foreign = try #require(
                    records.last { $0.subject != nil && $0.subject != subject }?.subject
                )
                for (query, expected) in [
                    ("", own), ("?subject=\(subject)", own.suffix(1)), ("?subject=\(foreign)", []),
                ] {
                    let export = try await service.call(.GET, "/v1/export" + query, key: key)
                    let lines = expected.flatMap { $0.encoded() + [UInt8(ascii: "\n")] }
                    #expect(export.bytes == lines, "\(clientID) \(query)")
                    let list = try await service.call(.GET, "/v1/events" + query, key: key)
                    guard case .array(let events)? = list.json["events"] else {
                        Issue.record("\(list.text)")
                        continue
                    }
                    #expect(
                        events.map { $0["event"]?["id"]?.text }
                            == expected.map { $0.id.description },
                        "\(clientID) \(query)"
                    )
                }
            }
        }
    }

    @Test("no key, a bad key and a revoked key open nothing, and touch nothing")
    func keys() async throws {
        try await TestService.run { service in
            let names = try await names(service)
            let revoked = try await service.key(.launch, .usersRead)
            try await service.damage(
                "update ledger.api_key set revoked_at = now() where scopes = '{launch,users:read}'"
            )
            let expired = try await service.key(.launch, .export)
            try await service.damage(
                "update ledger.api_key set expires_at = now() where scopes = '{launch,export}'"
            )
            var flipped = service.key
            flipped.append(flipped.removeLast() == "0" ? "1" : "0")
            let unknown = APIKey(isTest: false).secret.exposed
            let keys: [String?] = [nil, "", "nonsense", flipped, unknown, revoked, expired]
            let count = try await service.eventCount()
            for route in TestRoute.all where route.scope != nil {
                for key in keys {
                    let answer = try await send(route, names.own, key: key, service)
                    #expect(answer.status == 401, "\(route)")
                    #expect(answer.code == "unauthenticated", "\(route)")
                    #expect(answer.headers["www-authenticate"] == "Bearer")
                }
            }
            let basic = try await service.call(
                .GET,
                "/v1/users",
                key: nil,
                headers: ["Authorization": "Basic " + service.key]
            )
            #expect(basic.status == 401)
            #expect(try await service.eventCount() == count)
        }
    }

    /// Makes a key for one scope that is good in one network.
    private func key(from network: String, _ service: TestService) async throws -> IssuedAPIKey {
        try await service.store.createAPIKey(
            of: service.app,
            NewAPIKey(scopes: [.usersRead], isTest: true, networks: [IPNetwork(network)]),
            context: RecordContext(actor: "operator"),
            owner: service.owner
        )
    }

    @Test("a key is refused outside of its networks, whatever a header says of the address")
    func networks() async throws {
        try await TestService.run { service in
            let near = try await key(from: "127.0.0.0/8", service)
            let far = try await key(from: "192.0.2.0/24", service)
            let forged = [
                "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1",
                "X-Real-IP": "192.0.2.1", "True-Client-IP": "192.0.2.1",
            ]
            for headers in [[:], forged] {
                let answer = try await service.call(
                    .GET,
                    "/v1/users",
                    key: near.secret.exposed,
                    headers: headers
                )
                #expect(answer.status == 200, "\(answer.text)")
            }
            for route in TestRoute.all where route.scope != nil {
                let answer = try await service.call(
                    route.method,
                    route.target,
                    key: far.secret.exposed,
                    headers: forged
                )
                #expect(answer.status == 403, "\(route)")
                #expect(answer.code == "network_refused", "\(route)")
            }
            await service.served.keyUses.write()
            let keys = try await service.store.apiKeys(of: service.app)
            #expect(keys.first { $0.key.id == near.id }?.lastUsedAt != nil)
            #expect(
                keys.first { $0.key.id == far.id }?.lastUsedAt == nil,
                "a refused call is no use"
            )
        }
    }

    @Test(
        "a key that is bound to a certificate is refused over every route where nobody proves one"
    )
    func certificate() async throws {
        try await TestService.run { service in
            let bound = try await service.store.createAPIKey(
                of: service.app,
                NewAPIKey(
                    scopes: Scope.allCases,
                    isTest: true,
                    clientCertificates: [CertificateThumbprint(of: [1])]
                ),
                context: RecordContext(actor: "operator"),
                owner: service.owner
            )
            // What proxies tell of the certificate that they were shown (RFC 9440, and older ones).
            let forged = [
                "Client-Cert": ":AQ==:", "X-SSL-Client-Cert": "AQ==", "X-Client-Cert": "AQ==",
                "X-Forwarded-Client-Cert": "Hash=\(CertificateThumbprint(of: [1]))",
            ]
            var refused = 0
            for route in TestRoute.all where route.scope != nil {
                let answer = try await service.call(
                    route.method,
                    route.target,
                    key: bound.secret.exposed,
                    headers: forged
                )
                #expect(answer.status == 403 && answer.code == "network_refused", "\(route)")
                refused += 1
            }
            #expect(refused > 20)
            let page = try await TestVisitor.signIn(service, bound.secret.exposed)
            #expect(page.status == 401 && page.headers["set-cookie"] == nil)
            #expect(page.text.contains("not without its client certificate"))
            await service.served.keyUses.write()
            let keys = try await service.store.apiKeys(of: service.app)
            #expect(keys.first { $0.key.id == bound.id }?.lastUsedAt == nil)
        }
    }

    @Test("a key in use is refused within 5 s of its revocation")
    func revocation() async throws {
        try await TestService.run { service in
            let key = try await service.store.createAPIKey(
                of: service.app,
                NewAPIKey(scopes: [.usersRead], isTest: true),
                context: RecordContext(actor: "operator"),
                owner: service.owner
            )
            let secret = key.secret.exposed
            #expect(try await service.call(.GET, "/v1/users", key: secret).status == 200)
            let outcome = try await service.store.revoke(
                key.stored,
                of: service.app,
                context: RecordContext(actor: "operator"),
                owner: service.owner
            )
            #expect(outcome == .written)
            let start = ContinuousClock.now
            while try await service.call(.GET, "/v1/users", key: secret).status == 200 {
                try #require(start.duration(to: .now) < .seconds(5), "still accepted")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test("a foreign app's users and launches look exactly like ones that are not there")
    func foreign() async throws {
        try await TestService.run { service in
            let names = try await names(service)
            var compared = 0
            for route in TestRoute.all where route.scope != nil && route.unknown != nil {
                let foreign = try await send(
                    route,
                    names.own,
                    key: service.foreignKey,
                    service
                )
                let unknown = try await send(
                    route,
                    names.unknown,
                    key: service.foreignKey,
                    service
                )
                #expect(foreign.status == 404, "\(route)")
                #expect(foreign.lasting == unknown.lasting, "\(route)")
                compared += 1
            }
            #expect(compared == 21)
            for path in [
                "/v1/users", "/v1/events", "/v1/events?log=access", "/v1/export/identities",
            ] {
                let list = try await service.call(.GET, path, key: service.foreignKey)
                #expect(!list.text.contains("known"))
                #expect(!list.text.contains(service.app.clientID), "\(path)")
            }
            let export = try await service.call(.GET, "/v1/export", key: service.foreignKey)
            #expect(export.text.contains("/apps/foreign-client"))
            #expect(!export.text.contains("/apps/own-client"))
            let named = try await service.call(
                .POST,
                "/v1/launches",
                key: service.foreignKey,
                headers: ["Content-Type": "application/json"],
                body: Array(#"{"client_user_id":"known"}"#.utf8)
            )
            #expect(
                named["mode"] == "create",
                "another app's user of the same name is another user"
            )
        }
    }
}
