import Postgres
import Synchronization
import TestSupport

/// Ends sessions of the service, one after the other, at whatever they are about.
///
/// Never faster than callers are answered: where a machine is so busy that no call is over before the next session
/// ends, nobody would ever be answered, and nothing would be tried.
final class SessionEnder: Sendable {
    private let test: TestStore
    private let pause: Duration
    /// How many more may be ended.
    private let allowed = Mutex(1)

    init(_ test: TestStore, every pause: Duration) {
        self.test = test
        self.pause = pause
    }

    /// Somebody was answered.
    func goOn() {
        allowed.withLock { $0 += 1 }
    }

    /// Goes on until the task is cancelled; gives how many were ended.
    func run() async throws -> Int {
        let owner = try await test.ownerConnection()
        var ended = 0
        while !Task.isCancelled {
            if allowed.withLock({ $0 > ended }) { ended += try await endOne(owner) }
            try? await Task.sleep(for: pause)
        }
        await owner.close()
        return ended
    }

    private func endOne(_ owner: PostgresConnection) async throws -> Int {
        try await owner.query(
            Statement(
                "test_end_one",
                """
                select count(pg_terminate_backend(pid))::int4 from (
                    select pid from pg_stat_activity
                    where datname = current_database() and usename = $1
                    order by random() limit 1
                ) as one
                """,
                .text(TestStore.serviceRole)
            )
        ) { result throws(PostgresError) in Int(try result.int4(0, 0)) }
    }
}
