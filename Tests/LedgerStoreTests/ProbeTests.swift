import Foundation
import Ledger
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

@Suite("What readiness asks of the store", .timeLimit(.minutes(5)))
struct ProbeTests {
    @Test("a probe writes nothing, whatever it is that it goes through")
    func probe() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let before = try await PostgresTools.data(test.owner.url)
            for _ in 0..<3 { #expect(await test.store.probe(0) == []) }
            #expect(try await PostgresTools.data(test.owner.url) == before)
            guard case .written = try await test.launchNew("bob") else {
                Issue.record("nothing was written")
                return
            }
        }
    }

    @Test("an append that waits and waits is told, and no probe waits behind it")
    func stuck() async throws {
        try await TestCluster.run { cluster in
            let unlimited = { (configuration: inout PostgresConfiguration) in
                configuration = configuration.withoutTimeLimits
            }
            try await TestStore.run(on: cluster, change: unlimited) { test in
                let readiness = Readiness(store: test.store, acceptsUnsafeServer: true)
                let holder = try await test.ownerConnection()
                try await holder.script("begin; select from ledger.log where log_id = 0 for update")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await test.launchNew("bob") }
                    while test.store.appendHealth(of: .facts).oldestAppend ?? .zero < .seconds(6) {
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    let told = await readiness.conditions()
                    #expect(told.first?.0.code == "appends_stuck")
                    #expect(told.first?.1 == .blocking)
                    try await holder.script("rollback")
                    try await group.waitForAll()
                }
                // The answer is given again for a second.
                try await Task.sleep(for: .seconds(1.5))
                #expect(await readiness.conditions().allSatisfy { $0.1 == .warning })
                await holder.close()
            }
        }
    }

    @Test("when no connection is free that is overload, and nothing is called damaged or away")
    func overloaded() async throws {
        try await TestCluster.run { cluster in
            let narrow = { (configuration: inout PostgresConfiguration) in
                configuration.connectionsMax = 1
                configuration.waitersMax = 1
                // The store itself is opened within it.
                configuration.waitMax = .seconds(2)
            }
            try await TestStore.run(on: cluster, change: narrow) { test in
                let readiness = Readiness(store: test.store, acceptsUnsafeServer: true)
                try await test.pool.withConnection { _ throws(PostgresError) in
                    #expect(await readiness.conditions().map(\.0) == [.overloaded])
                    let bundle = await #expect(throws: StoreError.self) {
                        _ = try await test.store.latestCheckpoint(log: .facts)
                    }
                    #expect(bundle == .overloaded)
                }
            }
        }
    }

    @Test("under load a tree is read or the load is told; nothing is called damaged")
    func notDamaged() async throws {
        try await TestCluster.run { cluster in
            try await TestStore.run(on: cluster) { test in
                try await test.fill(upTo: 300)
                try await SteppedIntegrator(test).look()
                var narrow = test.service
                narrow.connectionsMax = 1
                narrow.waitMax = .milliseconds(5)
                let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let pools = LogPools(DatabaseMap(narrow), logger: logger)
                defer { pools.close() }
                // To connect may take longer than anybody waits here.
                while (try? await test.store.holders(of: .log, pools.administration)) == nil {
                    await Task.yield()
                }
                let store = try await LedgerStore(
                    pools: pools,
                    rootKeys: RootKeys(test.rootKey),
                    logger: logger
                )
                // Each goes on, so that the second question of a call meets the load too.
                let errors = await withTaskGroup(of: [StoreError?].self) { group in
                    for number in 0..<40 {
                        group.addTask {
                            var errors: [StoreError?] = []
                            for turn in 0..<20 {
                                // Another one each time, which nobody has in memory.
                                let layer: TileAddress.Layer =
                                    number % 2 == 0 ? .entries : .hashes(level: 0)
                                let width = number / 2 * 10 + turn / 2 + 1
                                guard let address = TileAddress(layer, index: 0, width: width)
                                else { return errors }
                                do throws(StoreError) {
                                    if number % 2 == 0 {
                                        _ = try await store.entryBundle(address, log: .facts)
                                    } else {
                                        _ = try await store.tile(address, log: .facts)
                                    }
                                    errors.append(nil)
                                } catch {
                                    errors.append(error)
                                    // Whoever came back at once would soon be done.
                                    try? await Task.sleep(for: .milliseconds(1))
                                }
                            }
                            return errors
                        }
                    }
                    return await group.reduce(into: []) { $0 += $1 }
                }
                #expect(errors.contains(nil) && errors.contains(.overloaded))
                #expect(errors.allSatisfy { $0 == nil || $0 == .overloaded })
            }
        }
    }

    @Test("each condition has a code of its own, a sentence and a next step")
    func words() throws {
        let all: [ReadinessCondition] = [
            .databaseUnavailable, .overloaded, .historyMismatch(.facts, .missingRecords(from: 3)),
            .sessionsShared, .readOnlyServer(isStandby: true), .triggersLost(["x"]),
            .synchronousCommitOff,
            .fsyncOff, .fullPageWritesOff, .dataChecksumsOff, .tooManyRights(["x"]),
            .rightsMissing(["x"]), .diskFull, .serverExhausted(sqlState: "53200"),
            .logLocked(holders: "x"), .appendRefused(sqlState: "P0001"), .rootKeyChanged,
            .logsAdded,
            .erasuresUndone(count: 1), .erasuresUnreadable, .erasuresUnlisted,
            .appendsStuck(seconds: 7),
            .eventsLost(.facts, from: 7), .recordsForged(.facts, count: 1),
            .checkpointsStopped(.access, seconds: 31, why: "x"),
            .witnessesAway(.facts, why: "x"), .answersWaiting(count: 1, seconds: 30),
            .spoolUnreadable, .mapBehind(.facts, positions: 1, seconds: 31, why: "x"),
            .mapDiffers(.facts, size: 1),
            .shuttingDown,
        ]
        #expect(Set(all.map(\.code)).count == all.count)
        #expect(
            ReadinessCondition.codes == all.map(\.code),
            "metrics name each, also while it is not so"
        )
        // The document of the API names each of them.
        let file = #filePath.replacing("Tests/LedgerStoreTests/ProbeTests.swift", with: "")
        let document = try String(
            contentsOfFile: file + "Sources/LedgerAPI/openapi.yaml",
            encoding: .utf8
        )
        let listed = document.split(separator: "ConditionCode:\n      enum:\n")[1]
            .split(separator: "\n").prefix { $0.hasPrefix("        - ") }.map { $0.dropFirst(10) }
        #expect(listed.map(String.init) == all.map(\.code))
        for condition in all {
            #expect(condition.sentence.hasSuffix("."), "\(condition)")
            #expect(condition.nextStep.hasSuffix("."), "\(condition)")
        }
        let warnings = all.filter { $0.severity(acceptsUnsafeServer: false) == .warning }
        #expect(
            warnings.map(\.code) == [
                "data_checksums_off", "erasures_unlisted", "records_forged", "witnesses_away",
                "map_behind", "map_differs",
            ]
        )
        let early = ReadinessCondition.answersWaiting(count: 1, seconds: 29)
        #expect(early.severity(acceptsUnsafeServer: false) == .warning)
        // What keeps a launch from being written blocks on every server.
        let accepted = all.filter { $0.severity(acceptsUnsafeServer: true) == .warning }
        #expect(
            accepted.map(\.code) == [
                "triggers_lost", "fsync_off", "full_page_writes_off",
                "data_checksums_off", "too_many_rights", "erasures_unlisted", "records_forged",
                "witnesses_away", "map_behind", "map_differs",
            ]
        )
    }
}
