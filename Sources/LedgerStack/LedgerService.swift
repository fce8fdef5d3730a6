internal import ConnectFlow
package import HumanConnect
internal import Ledger
package import LedgerAPI
package import LedgerStore
internal import LineLog
package import Logging
internal import Measures
internal import MerkleLog
package import Postgres
package import ServiceLifecycle
package import Traces
internal import Vault
internal import Webhooks
package import Witness

/// The service over an open store, whoever runs it: the pools, the store, the integrator with its
/// witnesses, and HTTP.
package struct LedgerService {
    /// At work once its service runs.
    package let integrator: Integrator
    private let store: LedgerStore
    private let integratorPools: LogPools
    private let maps: [MapKeeper]
    private let witnesses: WitnessQuorum?
    private let erasures: ErasureKeeper
    private let dropper: ValueDropper
    private let problems: ProblemTracker
    private let webhooks: WebhookDeliverer
    private let readiness: Readiness
    private let api: LedgerAPI
    private let flows: ConnectFlows
    private let provider: HumanConnectClient
    private let exporter: SpanExporter?
    private let logger: Logger

    /// One reader for each log is enough, and the maps follow before the log of facts is looked at.
    private static let integratorConnectionsMax = 3
    /// How many connections one copy of the service makes to a database at most, with those of its integrator.
    package static func connectionsMax(_ database: PostgresConfiguration) -> Int {
        database.connectionsMax + integratorConnectionsMax
    }

    /// Its reads are pages, and long beside those of requests only.
    private static let integratorStatementTimeMax: Duration = .seconds(20)

    /// Assembles it; nothing runs yet.
    ///
    /// - Parameters:
    ///   - store: opened; its pools run with the service, and the integrator's long reads have pools of their own.
    ///   - provider: whom the tokens are from.
    ///   - configuration: where HTTP listens.
    ///   - spoolFolder: where answers of the provider are kept while the database is away.
    ///   - checkpointFolder: where the last checkpoints are kept outside the database, if anywhere.
    ///   - erasureFolder: where it is listed outside the database who was erased, if anywhere.
    ///   - witnessPolicy: who must cosign a checkpoint before it is published, if anybody.
    ///   - acceptsUnsafeServer: whether it is ready on a server that may lose what was written.
    ///   - tracing: which traces are recorded, and who is told of them.
    ///   - exporter: who sends what is recorded, if anything is.
    ///   - logger: for all of it.
    /// - Throws: `WitnessPolicyError` when the policy is for other logs, or cannot be followed;
    ///   `StackError` when the spool folder cannot be used.
    package init(
        store: LedgerStore,
        provider: HumanConnectClient,
        configuration: LedgerAPIConfiguration,
        spoolFolder: String,
        checkpointFolder: String?,
        erasureFolder: String? = nil,
        witnessPolicy: WitnessPolicy? = nil,
        acceptsUnsafeServer: Bool = false,
        tracing: Tracing = .off,
        exporter: SpanExporter? = nil,
        logger: Logger
    ) throws {
        self.store = store
        self.provider = provider
        self.exporter = exporter
        self.logger = logger
        integratorPools = Self.integratorPools(store.pools.map, logger)
        witnesses = try witnessPolicy?.quorum(for: store)
        maps = MapKeeper.all(of: store, pools: integratorPools, logger: logger)
        let integrator = Integrator(
            store: store,
            pools: integratorPools,
            checkpointFolder: checkpointFolder,
            cosign: witnesses?.cosign,
            maps: maps,
            logger: logger
        )
        self.integrator = integrator
        let flows = ConnectFlows(
            store: store,
            provider: provider,
            spool: try Self.spool(spoolFolder),
            tracing: tracing,
            logger: logger
        )
        self.flows = flows
        let list = erasureFolder.map { ErasureFolder(path: $0) }
        let eraser = Eraser(store: store, folder: list, logger: logger)
        let erasures = ErasureKeeper(eraser)
        self.erasures = erasures
        dropper = ValueDropper(store: store, logger: logger)
        problems = ProblemTracker(store: store, logger: logger)
        webhooks = WebhookDeliverer(
            store: store,
            addresses: configuration.webhooks,
            tracing: tracing,
            logger: logger
        )
        readiness = Readiness(
            store: store,
            acceptsUnsafeServer: acceptsUnsafeServer,
            sources: [
                { integrator.conditions }, { flows.conditions }, { await erasures.conditions() },
            ]
        )
        api = LedgerAPI(
            store: store,
            readiness: readiness,
            flows: flows,
            eraser: eraser,
            maps: maps,
            configuration: configuration,
            tracing: tracing,
            logger: logger
        )
    }

    private static func integratorPools(_ map: DatabaseMap, _ logger: Logger) -> LogPools {
        let map = map.named("token-ledger integrator") { database in
            var database = database
            database.statementTimeMax = integratorStatementTimeMax
            database.connectionsMax = integratorConnectionsMax
            return database
        }
        return LogPools(map, logger: logger)
    }

    private static func spool(_ folder: String) throws(StackError) -> AnswerSpool {
        do {
            return try AnswerSpool(folder: folder)
        } catch {
            throw .spoolUnusable(folder: folder)
        }
    }

    /// Who tells the service manager how the service is; nil without one in the environment.
    package func manager(
        environment: [String: String],
        process: Int32
    ) -> ServiceManager? {
        ServiceManager(environment: environment, process: process, readiness: readiness)
    }

    /// What must run, in the order of dependence: the last one stops first.
    ///
    /// - Parameters:
    ///   - integrates: whether the integrator is among them; a benchmark starts it later.
    ///   - delivers: whether webhooks are delivered; where another copy is measured, that one does it.
    ///   - drainTime: how long requests are still taken after the signal to end.
    ///   - metrics: where metrics are answered, and who is told the port; nil where nowhere.
    ///   - onRunning: told the port once the socket listens.
    /// - Returns: the services under names of their own.
    package func services(
        integrates: Bool = true,
        delivers: Bool = true,
        drainTime: Duration = .zero,
        metrics: MetricsListener? = nil,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        var services = [
            ServiceRunner.named("database pools", store.pools), ServiceRunner.named("store", store),
            ServiceRunner.named("settler", flows.settler),
            ServiceRunner.named("erasures", erasures), ServiceRunner.named("dropper", dropper),
            ServiceRunner.named("problems", problems),
        ]
        if delivers { services.append(ServiceRunner.named("webhooks", webhooks)) }
        if integrates {
            services.append(ServiceRunner.named("integrator pools", integratorPools))
            // The integrator asks the witnesses, so it stops before them.
            if let witnesses { services.append(ServiceRunner.named("witnesses", witnesses)) }
            services += maps.map { ServiceRunner.named($0.facts.map.name, $0) }
            services.append(ServiceRunner.named("integrator", integrator))
        }
        if let metrics {
            let server = MetricsServer(
                host: metrics.host,
                port: metrics.port,
                logger: logger,
                fill: { await fill(&$0) }
            )
            let watch = ReadinessWatch(readiness: readiness)
            services.append(ServiceRunner.named("readiness watch", watch))
            // It answers until all else has ended.
            let http = server.service(onRunning: metrics.onRunning)
            services.insert(ServiceRunner.server("metrics", http), at: 0)
        }
        // What the others still record while they end is sent, too.
        if let exporter { services.insert(ServiceRunner.named("spans", exporter), at: 0) }
        return services + [
            ServiceRunner.server("http", api.service(onRunning: onRunning)),
            ServiceRunner.named("drain", Drain(readiness: readiness, time: drainTime)),
        ]
    }
}

extension LedgerService {
    /// Adds all there is to say to a page of metrics.
    private func fill(_ page: inout MetricPage) async {
        ProcessMeter.fill(&page)
        LineQueue.standardError.fill(&page)
        api.fill(&page)
        store.pools.fill(&page)
        integratorPools.fill(&page)
        store.fill(&page)
        integrator.fill(&page)
        flows.fill(&page)
        webhooks.fill(&page)
        problems.fill(&page)
        provider.fill(&page)
        SpanExporter.name(on: &page)
        exporter?.fill(&page)
        WitnessQuorum.name(on: &page)
        witnesses?.fill(
            &page,
            logs: store.logs.all.map { log in
                (store.vault.checkpointSigner(logID: log.id).key.name, log.name)
            }
        )
        await readiness.fill(&page)
    }
}

extension WitnessPolicy {
    /// Those who cosign the checkpoints of a store, all of whose logs share one key.
    fileprivate func quorum(for store: LedgerStore) throws(WitnessPolicyError) -> WitnessQuorum {
        try WitnessQuorum(
            policy: self,
            log: store.vault.checkpointSigner(logID: Log.facts.id).key
        )
    }
}

extension WitnessQuorum {
    /// What the store asks, in the words of the protocol, and back.
    fileprivate var cosign: Integrator.Cosign {
        { request in
            let answer = try await self.cosign(request.note, proof: request.proof)
            return CosignAnswer(
                note: answer.note,
                refusal: answer.refusal.map { ($0.witness, $0.why) },
                ahead: answer.ahead.map { ($0.witness, $0.size) },
                failures: answer.failures
            )
        }
    }
}
