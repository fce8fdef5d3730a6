@testable import LedgerStore
import Postgres
import Testing

@Suite("Sorting what fails")
struct StoreErrorTests {
    @Test(
        "what the server reports is passing or a defect, and never damage",
        arguments: [
            ("08006", StoreError.unavailable), ("53100", .unavailable), ("53300", .unavailable),
            ("57P01", .unavailable), ("58030", .unavailable), ("25006", .unavailable),
            ("LG002", .unavailable), ("LG008", .unavailable), ("40001", .overloaded),
            ("40P01", .overloaded), ("42501", .refused(.insufficientPrivilege)),
            ("XX000", .refused(SQLState(rawValue: "XX000"))),
        ]
    )
    func states(_ state: String, _ error: StoreError) {
        #expect(StoreError(state: SQLState(rawValue: state)) == error)
        if case .refused = error {
            #expect(!error.isPassing)
        } else {
            #expect(error.isPassing)
        }
    }

    @Test("what nobody thought of says nothing about what is stored")
    func unknown() {
        struct Stranger: Error {}
        #expect(StoreError(Stranger()) == .defect)
        #expect(StoreError(CancellationError()) == .unavailable)
        #expect(StoreError(PostgresError.decodingFailed("x")) == .defect)
        #expect(StoreError(PostgresError.outcomeUnknown("x")) == .outcomeUnknown)
        #expect(StoreError(StoreError.damaged(.tile) as any Error) == .damaged(.tile))
        #expect(!StoreError.defect.isPassing)
    }
}
