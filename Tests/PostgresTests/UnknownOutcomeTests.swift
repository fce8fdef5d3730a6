import Postgres
import TestSupport
import Testing

@Suite("What no answer tells for certain", .timeLimit(.minutes(5)))
struct UnknownOutcomeTests {
    @Test(
        "errors of whoever stands in between, and of sessions that end, leave the outcome unknown",
        arguments: ["08000", "08006", "08P01", "40003", "57P01", "57P02", "57P03", "57P05"]
    )
    func states(_ state: String) async throws {
        let connection = try await connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(raising(state))
        }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.session != nil)
        let next = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("one", "SELECT 1")) { _ in }
        }
        #expect(next?.code == .connectionFailed)
    }

    @Test(
        "all other errors say that nothing was carried out",
        arguments: ["40001", "40P01", "53100", "55P03", "57014", "58030", "XX000", "LG001"]
    )
    func refusals(_ state: String) async throws {
        let connection = try await connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(raising(state))
        }
        #expect(error?.code != .outcomeUnknown)
        try await connection.query(Statement("one", "SELECT 1")) { _ in }
    }

    @Test("a warning is told with the result, and less than a warning is not")
    func warnings() async throws {
        let connection = try await connect()
        try await connection.script(
            """
            create function pg_temp.say(level text) returns void language plpgsql as $$ begin
                if level = 'warning' then raise warning 'so'; else raise notice 'so'; end if;
            end $$
            """
        )
        for (level, isWarned) in [("warning", true), ("notice", false), ("warning", true)] {
            let found = try await connection.query(
                Statement("say", "select pg_temp.say($1)", .text(level))
            ) { $0.isWarned }
            #expect(found == isWarned)
        }
        let isWarned = try await connection.query(Statement("one", "select 1")) { $0.isWarned }
        #expect(!isWarned)
    }

    @Test("a commit that waits for its standby no longer is unknown, whoever ends the wait")
    func standby() async throws {
        try await TestCluster.run(settings: ["synchronous_standby_names": "nobody"]) { cluster in
            let configuration = PostgresConfiguration(url: try await cluster.url())
            let observer = try await PostgresConnection.connect(configuration)
            try await observer.script("set synchronous_commit = local")
            try await observer.script("create table public.written (how text)")
            for (index, way) in ["pg_cancel_backend", "pg_terminate_backend"].enumerated() {
                let connection = try await PostgresConnection.connect(configuration)
                let task = Task {
                    try await connection.query(
                        Statement("write", "insert into public.written values ($1)", .text(way))
                    ) { _ in }
                }
                let waiting = "from pg_stat_activity where wait_event = 'SyncRep'"
                try await observer.script(
                    """
                    do $$ begin
                        while not exists (select \(waiting)) loop
                            perform pg_sleep(0.001), pg_stat_clear_snapshot();
                        end loop;
                        perform \(way)(pid) \(waiting);
                    end $$
                    """
                )
                let error = await #expect(throws: PostgresError.self) { try await task.value }
                #expect(error?.code == .outcomeUnknown)
                // It is there, and only here.
                let rows = try await observer.query(
                    Statement("rows", "select from public.written")
                ) { $0.rowCount }
                #expect(rows == index + 1)
            }
        }
    }

    private func raising(_ state: String) -> String {
        "do $$ begin raise exception 'so' using errcode = '\(state)'; end $$"
    }

    private func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(PostgresConfiguration(url: TestPostgres.url()))
    }
}
