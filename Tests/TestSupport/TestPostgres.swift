import Foundation
import Logging
import Postgres
package import PostgresCluster

/// The PostgreSQL the tests of this process share: started on first use, without fsync, gone
/// with the process even when that is killed.
package enum TestPostgres {
    /// A database with a name and a URI.
    package struct Database: Sendable {
        /// The name.
        package let name: String
        /// The URI for the superuser.
        package let url: String
    }

    /// Enough for many pools side by side.
    private static let settings = ["max_connections": "1000"]

    /// Beside hundreds of other tests even a local server may need a while to answer the door.
    ///
    /// What stands in the string wins over the limits of the service.
    static func patient(_ url: String) -> String { url + "&connect_timeout=60" }
    private static let volatile = SharedCluster(durable: false, settings: settings)
    private static let durable = SharedCluster(durable: true, settings: settings)

    /// The shared cluster; with `durable`, another one that does call fsync.
    package static func cluster(durable: Bool = false) async throws -> RunningCluster {
        try await shared(durable).cluster()
    }

    /// The URI of a database that exists.
    package static func url(
        database: String = "postgres",
        user: String = RunningCluster.superuser,
        durable: Bool = false
    ) async throws -> String {
        patient(try await cluster(durable: durable).url(database: database, user: user))
    }

    /// A new database nobody else uses, empty or a copy of a template.
    package static func freshDatabase(
        template: String? = nil,
        durable: Bool = false
    ) async throws -> Database {
        let name = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        return try await shared(durable).create(name, template: template)
    }

    /// A database made once in this process by `prepare`, to be copied by `freshDatabase`.
    ///
    /// `prepare` gets the URI and must leave no connection open. Gives the name back.
    package static func template(
        _ name: String,
        durable: Bool = false,
        prepare: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws -> String {
        try await shared(durable).template(name, prepare: prepare)
    }

    private static func shared(_ durable: Bool) -> SharedCluster {
        durable ? Self.durable : volatile
    }
}

/// A cluster that is started once, with one connection that creates its databases in turn.
private actor SharedCluster {
    private let server: TestCluster
    private var starting: Task<RunningCluster, any Error>?
    private var connecting: Task<PostgresConnection, any Error>?
    private var templates: [String: Task<String, any Error>] = [:]

    init(durable: Bool, settings: [String: String]) {
        server = TestCluster(
            ClusterConfiguration(folder: nil, durable: durable, settings: settings)
        )
    }

    func cluster() async throws -> RunningCluster {
        let task = starting ?? Task { try await server.start() }
        starting = task
        return try await task.value
    }

    func create(_ name: String, template: String?) async throws -> TestPostgres.Database {
        let cluster = try await cluster()
        let task =
            connecting
            ?? Task {
                var configuration = PostgresConfiguration(url: cluster.url())
                configuration.statementTimeMax = nil
                return try await PostgresConnection.connect(configuration)
            }
        connecting = task
        // Creations from one template exclude each other; one connection runs one at a time.
        let source = template.map { " TEMPLATE \"\($0)\"" } ?? ""
        try await task.value.script("CREATE DATABASE \"\(name)\"\(source)")
        return TestPostgres.Database(
            name: name,
            url: TestPostgres.patient(cluster.url(database: name))
        )
    }

    func template(
        _ name: String,
        prepare: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws -> String {
        let task =
            templates[name]
            ?? Task {
                try await prepare(create(name, template: nil).url)
                return name
            }
        templates[name] = task
        return try await task.value
    }
}
