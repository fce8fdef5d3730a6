import TestSupport
import Testing

/// Runs one `token-ledger dev` around a whole suite, whose tests use users of their own.
///
/// The suite fails when the program does not end in order, or leaves a process behind.
struct SharedProgram: SuiteTrait, TestScoping {
    @TaskLocal private static var running: TestProgram?

    /// The program of the suite that runs now.
    static var program: TestProgram {
        get throws { try #require(running) }
    }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder) { program in
                try await Self.$running.withValue(program) { try await function() }
            }
        }
    }
}

extension Trait where Self == SharedProgram {
    /// One `token-ledger dev` for all tests of the suite.
    static var sharedProgram: Self { Self() }
}
