import Foundation
import TestSupport
import Testing

/// What of secrets is left in the memory of a service (docs/threats.md#t26).
///
/// Root alone may look into the process.
@Suite("freed memory", .provider, .timeLimit(.minutes(5)))
struct FreedMemoryTests {
    private static let reads = 200

    /// A service that has connected a user, and read the tokens many times.
    private func afterReads(
        of user: String,
        _ environment: [String: String] = [:],
        _ body: (ProcessImage, _ tokens: [String]) async throws -> Void
    ) async throws {
        try await CrashingService.lend { service in
            try await service.run(environment: environment) { address in
                let finish = try await address.play(user, "clinic")
                #expect(try await address.finish(finish).status == 201)
                var tokens = try await address.tokens(user)
                for _ in 1..<Self.reads { tokens = try await address.tokens(user) }
                let values = [tokens["access_token"]?.string, tokens["public_token"]?.string]
                try await body(
                    ProcessImage(process: address.process),
                    try values.map { try #require($0) }
                )
            }
        }
    }

    @Test("after 200 reads no token is left")
    func cleared() async throws {
        try await afterReads(of: "forgotten") { image, tokens in
            // Whatever the last request still holds goes within moments.
            let start = ContinuousClock.now
            var copies = [-1]
            while copies.contains(where: { $0 != 0 }), ContinuousClock.now - start < .seconds(30) {
                copies = try tokens.map(image.copies)
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(copies == [0, 0])
            // Who may lock as much memory as it takes keeps all of it out of swap.
            let locked = try image.lockedKilobytes
            #expect(try !image.mayLockMemory || locked > 1_000)
        }
    }

    @Test(
        "what is looked for would be found where freed memory is left as it was",
        arguments: [
            // Somebody's own tunables are left alone.
            ["GLIBC_TUNABLES": "glibc.malloc.perturb=0"],
            // It has started anew, and the system took the tunables away: it must not do so for ever.
            ["LEDGER_STARTED_ANEW": "1"],
        ]
    )
    func control(environment: [String: String]) async throws {
        let user = "remembered with \(environment.keys.joined())"
        try await afterReads(of: user, environment) { image, tokens in
            let copies = try tokens.map(image.copies)
            #expect(copies.allSatisfy { $0 > 0 })
        }
    }
}
