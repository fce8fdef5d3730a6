import Foundation
import Ledger
import LedgerStore
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Wire

@Suite("Readiness", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ReadinessTests {
    /// Something that is done to a server, what `/readyz` must call it, and how it is undone.
    struct Fault: Sendable {
        let code: String
        let words: String
        let harm: String
        let mend: String

        init(_ code: String, _ words: String, harm: String, mend: String) {
            self.code = code
            self.words = words
            self.harm = harm
            self.mend = mend
        }
    }

    private static let role = TestStore.serviceRole
    static let faults = [
        Fault(
            "triggers_lost",
            "event.event_is_immutable",
            // As pg_restore --disable-triggers leaves it.
            harm: "alter table ledger.event disable trigger all; "
                + "alter table ledger.event enable trigger all",
            mend: "alter table ledger.event enable always trigger event_is_immutable; "
                + "alter table ledger.event enable always trigger event_is_not_truncated"
        ),
        Fault(
            "triggers_lost",
            "log.log_never_shrinks",
            harm: "alter table ledger.log disable trigger log_never_shrinks",
            mend: "alter table ledger.log enable always trigger log_never_shrinks"
        ),
        Fault(
            "triggers_lost",
            "tile.tile_is_immutable",
            harm: "alter table ledger.tile enable replica trigger tile_is_immutable",
            mend: "alter table ledger.tile enable always trigger tile_is_immutable"
        ),
        Fault(
            "triggers_lost",
            "checkpoint.checkpoint_is_immutable",
            harm: "drop trigger checkpoint_is_immutable on ledger.checkpoint",
            mend: """
                create trigger checkpoint_is_immutable before update or delete on ledger.checkpoint
                for each row execute function ledger.refuse_change();
                alter table ledger.checkpoint enable always trigger checkpoint_is_immutable
                """
        ),
        Fault(
            "synchronous_commit_off",
            "loses events that were acknowledged",
            harm: "alter role \(role) set synchronous_commit = off",
            mend: "alter role \(role) reset synchronous_commit"
        ),
        Fault(
            "synchronous_commit_off",
            "loses events that were acknowledged",
            harm: "alter database postgres set synchronous_commit = off",
            mend: "alter database postgres reset synchronous_commit"
        ),
        Fault(
            "too_many_rights",
            "superuser",
            harm: "alter role \(role) superuser",
            mend: "alter role \(role) nosuperuser"
        ),
        Fault(
            "too_many_rights",
            "createrole",
            harm: "alter role \(role) createrole",
            mend: "alter role \(role) nocreaterole"
        ),
        Fault(
            "too_many_rights",
            "createdb",
            harm: "alter role \(role) createdb",
            mend: "alter role \(role) nocreatedb"
        ),
        Fault(
            "too_many_rights",
            "replication",
            harm: "alter role \(role) replication",
            mend: "alter role \(role) noreplication"
        ),
        Fault(
            "too_many_rights",
            "bypassrls",
            harm: "alter role \(role) bypassrls",
            mend: "alter role \(role) nobypassrls"
        ),
        Fault(
            "too_many_rights",
            "member of pg_read_server_files",
            harm: "grant pg_read_server_files to \(role)",
            mend: "revoke pg_read_server_files from \(role)"
        ),
        Fault(
            "too_many_rights",
            "member of pg_signal_backend",
            harm: "grant pg_signal_backend to \(role)",
            mend: "revoke pg_signal_backend from \(role)"
        ),
        Fault(
            "too_many_rights",
            "owner of the schema ledger",
            // Even if it would have to ask for the rights with `set role`.
            harm: "create role between noinherit; grant postgres to between; "
                + "grant between to \(role)",
            mend: "drop role between"
        ),
        Fault(
            "too_many_rights",
            "insert on ledger.event",
            harm: "grant insert on ledger.event to token_ledger_service",
            mend: "revoke insert on ledger.event from token_ledger_service"
        ),
        Fault(
            "too_many_rights",
            "delete on vault.value",
            harm: "grant delete on vault.value to public",
            mend: "revoke delete on vault.value from public"
        ),
        Fault(
            "too_many_rights",
            "update on columns of vault.user_state",
            harm: "grant update (status) on vault.user_state to \(role)",
            mend: "revoke update (status) on vault.user_state from \(role)"
        ),
        Fault(
            "too_many_rights",
            "create in the schema vault",
            harm: "grant create on schema vault to \(role)",
            mend: "revoke create on schema vault from \(role)"
        ),
        Fault(
            "too_many_rights",
            "execute on vault.keep",
            harm: "grant execute on function vault.keep to \(role)",
            mend: "revoke execute on function vault.keep from \(role)"
        ),
        Fault(
            "rights_missing",
            "ledger.append_events",
            harm: "revoke execute on function ledger.append_events from token_ledger_service",
            mend: "grant execute on function ledger.append_events to token_ledger_service"
        ),
        Fault(
            "rights_missing",
            "vault.read_users",
            harm: "revoke token_ledger_service from \(role)",
            mend: "grant token_ledger_service to \(role)"
        ),
        Fault(
            "fsync_off",
            "a power cut",
            harm: "alter system set fsync = off",
            mend: "alter system reset fsync"
        ),
        Fault(
            "full_page_writes_off",
            "half a page",
            harm: "alter system set full_page_writes = off",
            mend: "alter system reset full_page_writes"
        ),
    ]

    /// What the server says when it cannot write, said by a trigger: a disk that is really full
    /// would be everybody's.
    static let refusals = [
        ("disk_full", "53100"), ("server_exhausted", "53200"), ("append_refused", "P0001"),
    ].map { code, state in
        Fault(
            code,
            code == "disk_full" ? "disk" : state,
            harm: """
                create function refuse() returns trigger language plpgsql as
                $$ begin raise exception 'refused' using errcode = '\(state)'; end $$;
                create trigger refuse before insert on ledger.event execute function refuse()
                """,
            mend: "drop trigger refuse on ledger.event; drop function refuse"
        )
    }

    @Test("each fault of the server is 503 with its code until it is mended")
    func faults() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestService.run(on: cluster, acceptsUnsafeServer: false) { service in
                try await Self.ready(service)
                let owner = try await PostgresConnection.connect(service.owner.withoutTimeLimits)
                for fault in Self.faults + Self.refusals {
                    try await Self.apply(fault.harm, owner)
                    let answer = try await Self.notReady(service, fault.code, fault.words)
                    #expect(answer.status == 503, "\(fault.words)")
                    #expect(answer.headers["retry-after"] != nil)
                    try await Self.apply(fault.mend, owner)
                    try await Self.ready(service)
                }
                await owner.close()
                #expect(try await service.post("/v1/launches", Self.launch).status == 201)
            }
        }
    }

    /// Runs a script, and then what the server needs to follow it.
    private static func apply(_ script: String, _ owner: PostgresConnection) async throws {
        try await owner.script(script)
        if script.hasPrefix("alter system") { try await owner.script("select pg_reload_conf()") }
        // Settings of roles and databases hold for new sessions only.
        if script.contains("synchronous_commit") {
            try await owner.script(
                """
                select pg_terminate_backend(pid, 10000) from pg_stat_activity
                where usename = '\(role)'
                """
            )
        }
    }

    @Test("what keeps a launch from being written is told although nobody launched since")
    func locked() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestService.run(on: cluster, acceptsUnsafeServer: false) { service in
                try await Self.ready(service)
                let holder = try await PostgresConnection.connect(service.owner.withoutTimeLimits)
                try await holder.script("begin")
                try await holder.script("select from ledger.log for update")
                let process = try await holder.query(Statement("pid", "select pg_backend_pid()")) {
                    result throws(PostgresError) in try result.int4(0, 0)
                }
                // A launch fails, so it is not the last good one that counts.
                #expect(try await service.post("/v1/launches", Self.launch).status == 503)
                _ = try await Self.notReady(service, "log_locked", "process \(process) of role")
                try await holder.script("rollback")
                try await Self.ready(service)
                await holder.close()
            }
        }
    }

    @Test("a standby is not ready, and is once it was promoted")
    func standby() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestService.run(on: cluster, acceptsUnsafeServer: false) { service in
                try await Self.ready(service)
                try await cluster.stop()
                let data = try await cluster.logPath().replacing("server.log", with: "data")
                #expect(
                    FileManager.default.createFile(atPath: data + "/standby.signal", contents: nil)
                )
                try await cluster.start()
                let answer = try await Self.notReady(service, "read_only_server", "standby")
                #expect(answer.text.contains("target_session_attrs=read-write"))
                #expect(try await service.post("/v1/launches", Self.launch).status == 503)
                let owner = try await PostgresConnection.connect(service.owner)
                try await owner.script("select pg_promote()")
                await owner.close()
                try await Self.ready(service)
                #expect(try await service.post("/v1/launches", Self.launch).status == 201)
            }
        }
    }

    @Test(
        "no advisory lock stops the checkpoints; who locks their table is told, and appends go on"
    )
    func publisher() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestService.run(on: cluster, acceptsUnsafeServer: false) { service in
                try await Self.ready(service)
                let holder = try await PostgresConnection.connect(service.owner.withoutTimeLimits)
                try await holder.script(
                    "select pg_advisory_lock(8467, 0), pg_advisory_lock(8467, 1)"
                )
                #expect(try await service.post("/v1/launches", Self.launch).status == 201)
                let size = try await service.store.size(log: .facts)
                while try await service.store.latestCheckpoint(log: .facts)?.size ?? 0 < size {
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await holder.script("begin")
                try await holder.script("lock table ledger.publisher")
                #expect(try await service.post("/v1/launches", Self.launch).status == 201)
                let answer = try await Self.notReady(
                    service,
                    "checkpoints_stopped",
                    "ledger.publisher is locked: process"
                )
                // Each log's checkpoints stop, and whichever is missed first is named.
                #expect(answer.text.contains("Nothing was signed for the log of "))
                #expect(try await service.post("/v1/launches", Self.launch).status == 201)
                try await holder.script("rollback")
                try await Self.ready(service)
                await holder.close()
            }
        }
    }

    @Test("a server that was accepted as it is stays ready, and is still told of")
    func accepted() async throws {
        try await TestService.run { service in
            let answer = try await service.call(.GET, "/readyz", key: nil)
            #expect(answer.status == 200)
            let codes = ["fsync_off", "full_page_writes_off"]
            #expect(Set(codes).isSubset(of: Self.conditions(answer, "warning")))
            #expect(Self.conditions(answer, "blocking").isEmpty)
        }
    }

    @Test("a history that does not fit is told, and launches go on")
    func mismatch() async throws {
        try await TestService.run { service in
            while try await service.store.latestCheckpoint(log: .facts) == nil {
                try await Task.sleep(for: .milliseconds(100))
            }
            try await service.damage(
                """
                alter table ledger.checkpoint disable trigger all;
                delete from ledger.checkpoint where log_id = 0
                """
            )
            let answer = try await Self.notReady(service, "history_mismatch", "log of facts")
            #expect(answer.text.contains("an older database was restored"))
            #expect(try await service.post("/v1/launches", Self.launch).status == 201)
        }
    }

    @Test("while the service ends it says so, answers, and asks for the end of the connection")
    func ending() async throws {
        try await TestService.run { service in
            let before = try await service.post("/v1/launches", Self.launch)
            #expect(before.status == 201 && before.headers["connection"] != "close")
            service.readiness.shutDown()
            let answer = try await Self.notReady(service, "shutting_down", "is ending")
            #expect(answer.headers["connection"] == "close")
            let launch = try await service.post("/v1/launches", Self.launch)
            #expect(launch.status == 201)
            #expect(launch.headers["connection"] == "close")
        }
    }

    /// Long enough for every pause of the service itself, on a machine that is busy.
    private static let patience: Duration = .seconds(40)
    private static let launch = #"{"client_user_id":"readiness"}"#

    /// Waits until the service is ready without anything to tell.
    private static func ready(_ service: TestService) async throws {
        let start = ContinuousClock.now
        var answer = try await service.call(.GET, "/readyz", key: nil)
        while answer.status != 200 || answer.text.contains("conditions") {
            try #require(start.duration(to: .now) < patience, "not ready: \(answer.text)")
            try await Task.sleep(for: .milliseconds(100))
            answer = try await service.call(.GET, "/readyz", key: nil)
        }
    }

    /// Waits until the service is not ready for this reason.
    private static func notReady(
        _ service: TestService,
        _ code: String,
        _ words: String
    ) async throws -> TestAnswer {
        let start = ContinuousClock.now
        while true {
            let answer = try await service.call(.GET, "/readyz", key: nil)
            try #require(
                start.duration(to: .now) < patience,
                "no \(code), \(words): \(answer.text)"
            )
            if answer.code == code, answer.text.contains(words) {
                #expect(conditions(answer, "blocking").contains(code))
                return answer
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The codes of the conditions of a severity.
    private static func conditions(_ answer: TestAnswer, _ severity: String) -> Set<String> {
        guard let conditions = answer.json["conditions"], case .array(let all) = conditions
        else { return [] }
        return Set(
            all.filter { $0["severity"]?.text == severity }.compactMap { $0["code"]?.text }
        )
    }
}
