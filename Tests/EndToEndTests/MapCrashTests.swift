import TestSupport
import Testing

/// A service that ends by SIGKILL around a statement of the maps, and is started again
/// (docs/threats.md#55-crash-points).
@Suite("crash points of the maps", .provider, .timeLimit(.minutes(5)))
struct MapCrashTests {
    @Test(
        "who is killed around a statement makes the same maps again, and states the same",
        arguments: ["P14", "P14:3", "P15", "P15:3"]
    )
    func killed(point: String) async throws {
        try await CrashingService.lend { service in
            try await service.crash(at: point) { address in
                // Something happens until it is dead.
                for number in 0..<200 {
                    guard (try? await address.play("\(point) \(number)", "clinic")) != nil else {
                        break
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await service.run { address in
                // All share the provider.
                let user = "\(point) alice"
                let finish = try await address.play(user, "clinic")
                #expect(try await address.finish(finish).status == 201)
                // What is proved is what was stated last, which is a second old.
                while try await service.proof(of: user, from: address)["status"]
                    != .string("connected")
                { try await Task.sleep(for: .milliseconds(200)) }
                let nobody = try await service.proof(of: "nobody", from: address)
                #expect(nobody["subject"] == .null)
            }
            // In the end `verify` makes the map anew, and compares it with what was stated.
        }
    }
}
