internal import Ledger
internal import LedgerStack
internal import LedgerStore

/// How many users each caller launches in turn: the first round makes them, the others find them.
private let usersPerClient = 100
/// How many connected users each caller of the store launches in turn.
private let connectedPerClient = 200
/// More launches over HTTP than a service does in a second.
private let launchesPerSecondMax = 11_000.0
/// How many callers pgbench has; the rates of others are compared with that of the second.
private let pgbenchClients = [1, 8, 64]

extension BenchStack {
    /// Measures writing.
    package func append() async throws -> BenchReport {
        let crowd = try await crowd()
        let connected = try await connectedUsers()
        var measurements = try await pgbenchAppends()
        measurements += [
            try await appendToConnectedUsers(connected), try await appendNewUsers(),
            try await launchConnected(crowd), try await launchNew(), try await livez(),
        ]
        measurements += try await limit()
        return BenchReport(title: "append", measurements: measurements, reference: "pgbench")
    }

    /// Tells the users of this run from those of earlier ones in the same folder.
    private var run: String { "\(port)" }

    /// As many connected users as the plan asks for.
    func crowd() async throws -> Crowd {
        tell("Connecting \(plan.users) users, each by four appends of the store …")
        let crowd = Crowd(history, prefix: "crowd-\(run)")
        try await crowd.grow(to: plan.users)
        try await settle()
        return crowd
    }

    // MARK: The reference

    /// An event row and a projection row in one transaction, by few and by many callers.
    func pgbenchAppends() async throws -> [Measurement] {
        var measurements: [Measurement] = []
        for clients in pgbenchClients {
            measurements.append(try await pgbenchAppend(clients: clients))
        }
        return measurements
    }

    func pgbenchAppend(clients: Int) async throws -> Measurement {
        var measurement = try await pgbench.run(
            "pgbench, event and projection row",
            script: PackageResources.pgbench_append_sql,
            clients: clients
        )
        measurement.isBaseline = clients == Self.referenceClients
        return measurement
    }

    /// The callers of the pgbench that others are compared with.
    static let referenceClients = pgbenchClients[1]

    // MARK: The store

    /// How a user is called that `knownUsers()` makes; numbers are repeated when all are used.
    func knownUserID(client: Int, number: Int) -> String {
        "known-\(run)-\(client % plan.clients)-\(number % usersPerClient)"
    }

    /// Launches of users who are there.
    func appendToKnownUsers(
        _ name: String,
        _ users: [KnownUsers],
        _ load: Load? = nil
    ) async throws -> Measurement {
        try await (load ?? self.load).measure(name) { client in
            users[client]
        } step: { users in
            try await users.launchNext(history)
        }
    }

    /// Users for each caller, launched once before anything is measured.
    func knownUsers() async throws -> [KnownUsers] {
        tell("Making \(plan.clients * usersPerClient) users …")
        return try await withThrowingTaskGroup(of: KnownUsers.self) { group in
            for client in 0..<plan.clients {
                group.addTask {
                    var users: [StoredUser] = []
                    for number in 0..<usersPerClient {
                        let name = Secret(knownUserID(client: client, number: number))
                        users.append(
                            try await history.launched(ledger.store.newUser(name, of: app))
                        )
                    }
                    return KnownUsers(users)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Connected users for each caller of the store, who remembers how they are.
    func connectedUsers() async throws -> [KnownUsers] {
        let count = storeLoad.clients * connectedPerClient
        tell("Connecting \(count) more, for the callers of the store …")
        let crowd = Crowd(history, prefix: "connected-\(run)")
        // Those of one caller were not made one after the other.
        let users = try await crowd.grow(to: count, keeps: true).shuffled()
        return (0..<storeLoad.clients).map { client in
            let first = client * connectedPerClient
            return KnownUsers(Array(users[first..<(first + connectedPerClient)]))
        }
    }

    func appendToConnectedUsers(_ users: [KnownUsers]) async throws -> Measurement {
        try await appendToKnownUsers("store, launches of connected users", users, storeLoad)
    }

    func appendNewUsers() async throws -> Measurement {
        try await storeLoad.measure("store, launches of new users") { client in
            NewUsers(prefix: "new-\(run)-\(client)")
        } step: { users in
            _ = try await history.launched(ledger.store.newUser(users.next(), of: app))
        }
    }

    // MARK: The service

    /// Launches of users who have connected, each once.
    func launchConnected(_ crowd: Crowd, _ load: Load? = nil) async throws -> Measurement {
        let load = load ?? self.load
        try await crowd.reserve(Int(load.secondsInAll * launchesPerSecondMax))
        let launches = try await measureHTTP(
            "HTTP, launches of connected users",
            load,
            expect: 201
        ) { _, _ in
            Self.launch(of: crowd.fresh())
        }
        try crowd.check()
        return launches
    }

    func launchNew() async throws -> Measurement {
        let salt = UInt32.random(in: 0...UInt32.max)
        return try await measureHTTP("HTTP, launches of new users", expect: 201) {
            client,
            number in
            Self.launch(of: "http-\(salt)-\(client)-\(number)")
        }
    }

    /// An empty route: what HTTP alone costs.
    func livez() async throws -> Measurement {
        try await measureHTTP("HTTP, GET /livez", expect: 200) { _, _ in ("/livez", nil) }
    }

    static func launch(of user: String) -> (path: String, body: String?) {
        ("/v1/launches", "{\"client_user_id\":\"\(user)\",\"finish\":\"direct\"}")
    }
}

/// Names that nobody has had.
struct NewUsers: Sendable {
    private let prefix: String
    private let salt = UInt32.random(in: 0...UInt32.max)
    private var count = 0

    init(prefix: String) {
        self.prefix = prefix
    }

    mutating func next() -> Secret {
        count += 1
        return Secret("\(prefix)-\(salt)-\(count)")
    }
}
