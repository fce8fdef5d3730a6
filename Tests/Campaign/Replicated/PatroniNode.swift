internal import PostgresCluster

/// One node of a replicated database: a Patroni, and the PostgreSQL that it tends.
struct PatroniNode: Sendable, Equatable {
    /// What all nodes of a cluster have in common.
    struct Shared: Sendable {
        /// Where etcd answers.
        let etcdPort: Int
        /// Where PostgreSQL's programs are.
        let programs: String
        /// Of the superuser and of replication over TCP; sockets ask for none.
        let password: String
        /// Whether a commit waits until another node has it.
        let isSynchronous: Bool
    }

    /// The name that Patroni shows.
    let name: String
    /// Where its data, its socket, its settings and its log are.
    let folder: String
    /// PostgreSQL's port, for the other nodes and in the socket's name.
    let serverPort: Int
    /// Where Patroni answers.
    let controlPort: Int

    /// The name of the cluster, for `patronictl`.
    static let scope = "token-ledger"

    /// For Patroni and `patronictl`.
    var settingsFile: String { "\(folder)/patroni.yml" }
    /// What Patroni and PostgreSQL have written.
    var log: String { "\(folder)/node.log" }
    /// Holds Patroni's process.
    var patroniFile: String { "\(folder)/patroni.pid" }
    /// What PostgreSQL keeps, with its write-ahead log.
    var dataFolder: String { "\(folder)/data" }
    /// The first line is PostgreSQL's first process.
    var processFile: String { "\(dataFolder)/postmaster.pid" }

    /// Patroni's settings.
    ///
    /// Its own times are far below the usual ones, so that a dead node is missed after ten seconds and
    /// not after thirty. `primary_start_timeout: 0` hands a crashed server's place to another node at
    /// once instead of starting it again. A server that follows asks the new one for its log after
    /// half a second and not after five: before that nothing is acknowledged.
    func settings(_ shared: Shared) -> String {
        """
        scope: \(Self.scope)
        name: \(name)
        restapi:
          listen: 127.0.0.1:\(controlPort)
          connect_address: 127.0.0.1:\(controlPort)
        etcd3:
          host: 127.0.0.1:\(shared.etcdPort)
        bootstrap:
          dcs:
            ttl: 10
            loop_wait: 1
            retry_timeout: 3
            primary_start_timeout: 0
            synchronous_mode: \(shared.isSynchronous)
            synchronous_mode_strict: \(shared.isSynchronous)
            postgresql:
              use_pg_rewind: true
              remove_data_directory_on_rewind_failure: true
              remove_data_directory_on_diverged_timelines: true
          initdb:
            - encoding: UTF8
            - locale: C
            - data-checksums
        postgresql:
          listen: 127.0.0.1:\(serverPort)
          connect_address: 127.0.0.1:\(serverPort)
          data_dir: \(dataFolder)
          bin_dir: \(shared.programs)
          pgpass: \(folder)/pgpass
          use_unix_socket: true
          authentication:
            superuser:
              username: \(RunningCluster.superuser)
              password: \(shared.password)
            replication:
              username: replicator
              password: \(shared.password)
          pg_hba:
            - local all all trust
            - host all \(RunningCluster.superuser) 127.0.0.1/32 scram-sha-256
            - host replication replicator 127.0.0.1/32 scram-sha-256
          parameters:
            unix_socket_directories: \(folder)
            unix_socket_permissions: '0700'
            timezone: UTC
            log_timezone: UTC
            wal_retrieve_retry_interval: 500ms
        \(discreetSettings)
        watchdog:
          mode: 'off'

        """
    }

    private var discreetSettings: String {
        ClusterConfiguration.discreetSettings.sorted { $0.key < $1.key }
            .map { "    \($0.key): '\($0.value)'" }.joined(separator: "\n")
    }
}
