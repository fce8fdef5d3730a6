import TestSupport
import Testing

/// A service that ends by SIGKILL at each point of a finish, and is started again
/// (docs/threats.md#55-crash-points).
///
/// The user was connected before, so it is the point's second pass.
@Suite("crash points", .provider, .timeLimit(.minutes(5)))
struct CrashPointTests {
    /// What the settler records of a finish whose answer is lost, after the first three of a story.
    private static let lost = [
        "finalize.unresolved", "public_token.recovered", "finalize.abandoned",
    ]

    /// Connects a user, and dies at a point of a second finish, whose reply nobody sees.
    private func crash(
        _ service: CrashingService,
        at point: String,
        _ user: String
    ) async throws -> CrashingService.Address.Finish {
        try await service.run(at: point + ":2", ending: .crash) { address in
            let first = try await address.play(user, "clinic")
            #expect(try await address.finish(first).status == 201)
            let second = try await address.play(user, "lab")
            await #expect(throws: (any Error).self) { try await address.finish(second) }
            return second
        }
    }

    /// What the second popup has left at the crash.
    private func found(_ service: CrashingService, _ user: String) async throws -> [String] {
        let types = try await service.types(user)
        #expect(Array(types.prefix(Story.create.count)) == Story.create)
        return Array(types.dropFirst(Story.create.count))
    }

    /// It comes to be so, within seconds.
    private func soon(_ condition: () async throws -> Bool) async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(10) {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await condition())
    }

    /// The provider has seen this many exchanges of the user, each of another session.
    private func checkExchanges(
        _ service: CrashingService,
        _ user: String,
        _ count: Int
    ) async throws {
        let exchanges = try await service.provider.exchanges(of: user)
        #expect(exchanges.count == count)
        #expect(Set(exchanges).count == count)
    }

    /// The user holds what the provider holds, and a repeat of the finish is told so.
    private func checkConnected(
        _ address: CrashingService.Address,
        _ service: CrashingService,
        _ user: String,
        _ finish: CrashingService.Address.Finish
    ) async throws {
        let answer = try await address.finish(finish)
        let known = try await service.provider.user(user)
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json == ["publicToken": known["public_token"] ?? .null])
        let tokens = try await address.tokens(user)
        #expect(tokens["access_token"] == known["access_token"])
        #expect(tokens["status"] == "connected")
    }

    /// The connection was broken off; nothing is sent again, and the next popup repairs it.
    private func checkBroken(
        _ address: CrashingService.Address,
        _ user: String,
        _ finish: CrashingService.Address.Finish
    ) async throws {
        let answer = try await address.finish(finish)
        #expect(answer.status == 422)
        #expect(answer.json["code"] == "finalize_abandoned", "\(answer.text)")
        #expect(try await address.tokens(user)["status"] == "broken")
        let next = try await address.play(user, "pharmacy")
        #expect(next.mode == "edit")
        #expect(try await address.finish(next).status == 201)
        #expect(try await address.tokens(user)["status"] == "connected")
    }

    @Test(
        "from the dispatch to the outcome: never sent again, broken off, and the next popup repairs",
        arguments: ["P3", "P4", "P5", "P6", "P7", "P8"]
    )
    func unknown(point: String) async throws {
        let user = "crashed at \(point)"
        try await CrashingService.lend { service in
            let finish = try await crash(service, at: point, user)
            #expect(try await found(service, user) == Array(Story.edit.prefix(3)))
            let wasActed = ["P6", "P7", "P8"].contains(point)
            try await checkExchanges(service, user, wasActed ? 2 : 1)
            // Only who is cut off within the request leaves a part of one.
            if point == "P5" {
                try await soon { try await service.provider.brokenExchanges() == 1 }
            }
            try await service.run { address in
                try await address.waitUntil(user, ends: "finalize.abandoned")
                #expect(try await found(service, user) == Story.edit.prefix(3) + Self.lost)
                try await checkExchanges(service, user, wasActed ? 2 : 1)
                try await checkBroken(address, user, finish)
                try await checkExchanges(service, user, wasActed ? 3 : 2)
            }
            #expect(try await service.provider.brokenExchanges() <= 1)
        }
    }

    @Test("before the intent: nothing is on record, and the same finish works as a new one")
    func nothing() async throws {
        let user = "crashed at P1"
        try await CrashingService.lend { service in
            let finish = try await crash(service, at: "P1", user)
            #expect(try await found(service, user) == Array(Story.edit.prefix(1)))
            try await service.run { address in
                try await checkConnected(address, service, user, finish)
            }
            #expect(try await found(service, user) == Story.edit)
            try await checkExchanges(service, user, 2)
        }
    }

    @Test("after the intent: it is sent for the first time, though nobody asks again")
    func received() async throws {
        let user = "crashed at P2"
        try await CrashingService.lend { service in
            let finish = try await crash(service, at: "P2", user)
            #expect(try await found(service, user) == Array(Story.edit.prefix(2)))
            try await checkExchanges(service, user, 1)
            // Once more, when it is about to be sent by the settler.
            try await service.crash(at: "P12")
            #expect(try await found(service, user) == Array(Story.edit.prefix(2)))
            try await service.run { address in
                try await address.waitUntil(user, ends: "public_token.rotated")
                #expect(try await found(service, user) == Story.edit)
                try await checkConnected(address, service, user, finish)
            }
            try await checkExchanges(service, user, 2)
        }
    }

    @Test(
        "from the outcome's commit to the reply: it is on record, and a repeat is told",
        arguments: ["P9", "P10", "P11"]
    )
    func recorded(point: String) async throws {
        let user = "crashed at \(point)"
        try await CrashingService.lend { service in
            let finish = try await crash(service, at: point, user)
            // The server may still be about to commit what it was sent.
            try await soon { try await found(service, user) == Story.edit }
            try await service.run { address in
                try await checkConnected(address, service, user, finish)
            }
            #expect(try await found(service, user) == Story.edit)
            try await checkExchanges(service, user, 2)
        }
    }

    @Test("during the recovery, again and again: the same end as without")
    func settling() async throws {
        let user = "crashed at P12"
        try await CrashingService.lend { service in
            let finish = try await crash(service, at: "P8", user)
            for (point, count) in [
                // Before it is marked as lost; after that; before it is abandoned, twice.
                ("P12", 0), ("P12:2", 1), ("P12", 1), ("P12:2", 2), ("P12:2", 2),
            ] {
                try await service.crash(at: point)
                let types = Array(Story.edit.prefix(3)) + Self.lost.prefix(count)
                #expect(try await found(service, user) == types, "\(point)")
            }
            try await service.run { address in
                try await address.waitUntil(user, ends: "finalize.abandoned")
                #expect(try await found(service, user) == Story.edit.prefix(3) + Self.lost)
                try await checkBroken(address, user, finish)
            }
            try await checkExchanges(service, user, 3)
        }
    }

    @Test("while an answer is taken from disk: it is recorded once, and then it is gone")
    func spool() async throws {
        let user = "sandbox_slow crashed at P12"
        try await LossyProxy.run(inFrontOf: TestPostgres.cluster(durable: true)) { proxy in
            try await CrashingService.lend(proxy) { service in
                let finish = try await keepAnswer(service, user, proxy)
                proxy.setTraffic(.flows)
                try await service.crash(at: "P12")
                #expect(try await found(service, user) == Array(Story.edit.prefix(3)))
                for _ in 1...2 {
                    try await service.crash(at: "P12:2")
                    #expect(try await found(service, user) == Story.edit)
                    #expect(service.spooled.count == 1)
                }
                try await service.run { address in
                    while !service.spooled.isEmpty {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    try await checkConnected(address, service, user, finish)
                }
                #expect(try await found(service, user) == Story.edit)
                try await checkExchanges(service, user, 2)
            }
        }
    }

    /// Takes the database away while the provider answers slowly, and then the service.
    private func keepAnswer(
        _ service: CrashingService,
        _ user: String,
        _ proxy: LossyProxy
    ) async throws -> CrashingService.Address.Finish {
        try await service.run(ending: .kill) { address in
            let first = try await address.play(user, "clinic")
            #expect(try await address.finish(first).status == 201)
            let second = try await address.play(user, "lab")
            async let reply = address.finish(second)
            while try await service.provider.exchanges(of: user).count < 2 {
                try await Task.sleep(for: .milliseconds(20))
            }
            proxy.setTraffic(.isRefused)
            proxy.cutAll()
            #expect(try await reply.status == 503)
            #expect(service.spooled.count == 1)
            return second
        }
    }

    @Test("a crash point that there is not is refused in words", arguments: ["P99", "P1:0", "P1:"])
    func malformed(value: String) async throws {
        await #expect {
            try await CrashingService.lend { try await $0.run(at: value) { _ in } }
        } throws: { error in
            "\(error)".contains("CRASH_POINT must be")
        }
    }
}
