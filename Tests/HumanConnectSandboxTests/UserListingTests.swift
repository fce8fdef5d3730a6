import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import Testing
import Wire

@Suite("the sandbox's users of an app", .timeLimit(.minutes(5)))
struct UserListingTests {
    @Test("invented users stand before the real ones, as many as told")
    func strangers() async throws {
        try await LiveSandbox.run { sandbox in
            _ = try await sandbox.finish("ada", connect: ["band"])
            _ = try await sandbox.finish("bob", connect: ["band"])
            // One more than fits into a piece, and far more.
            for count in [0, 1, 200, 201, 3_000] {
                _ = try await sandbox.post(
                    "/sandbox/switches",
                    ["listed_strangers": .number("\(count)")]
                )
                let listed = try await sandbox.listed()
                #expect(listed.count == count + 2)
                #expect(Set(listed.map { "\(human($0) ?? "none")" }).count == count + 2)
                let names = listed.suffix(2).compactMap(name)
                #expect(names == ["ada", "bob"])
            }
        }
    }

    private func human(_ user: ListedUser) -> String? {
        guard case .person(let humanID, _) = user else { return nil }
        return humanID.exposed
    }

    private func name(_ user: ListedUser) -> String? {
        guard case .person(_, let clientUserID) = user else { return nil }
        return clientUserID?.exposed
    }

    @Test("a user is listed unreadably, twice, or in a list without an end")
    func behaviours() async throws {
        try await LiveSandbox.run { sandbox in
            for user in ["ada", "bad", "two"] {
                _ = try await sandbox.finish(user, connect: ["band"])
            }
            try await sandbox.behave("sandbox_listed_unreadably", for: "bad")
            try await sandbox.behave("sandbox_listed_twice", for: "two")
            #expect(try await sandbox.humanIDs("ada").count == 1)
            #expect(Set(try await sandbox.humanIDs("two")).count == 2)
            #expect(try await sandbox.listed().contains(.unreadable(clientUserID: Secret("bad"))))
            try await sandbox.behave("sandbox_list_endless", for: "ada")
            var limits = HumanConnectClient.Configuration()
            limits.listBytesMax = 1_000_000
            limits.lookTimeMax = .seconds(60)
            let client = HumanConnectClient(configuration: limits)
            await #expect(throws: HumanConnectError.unknown(.listTooLong)) {
                try await client.listUsers(of: sandbox.provider) { _ in }
            }
            try await client.shutdown()
        }
    }

    @Test("ids that Unicode calls equivalent are two users, in every call and after a restart")
    func spelling() async throws {
        let folder = FileManager.default.temporaryDirectory.path
        let file = folder + "/sandbox-\(UInt64.random(in: 0...UInt64.max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let (one, other) = ("\u{E9}", "e\u{301}")
        try await LiveSandbox.run(stateFile: file) { sandbox in
            let first = try await sandbox.finish(one, connect: ["band"])
            #expect(try await sandbox.facts(other).status == 404)
            let second = try await sandbox.finish(other, connect: ["lab"])
            #expect(first.humanID != second.humanID)
            try await sandbox.behave("sandbox_denied", for: one)
            _ = try await sandbox.client.exchange(second, for: sandbox.provider)
        }
        try await LiveSandbox.run(stateFile: file) { sandbox in
            #expect(try await sandbox.facts(one).json["sources"] == ["band"])
            #expect(try await sandbox.facts(other).json["sources"] == ["lab"])
            let humans = try await (sandbox.humanIDs(one), sandbox.humanIDs(other))
            #expect(humans.0.count == 1 && humans.1.count == 1 && humans.0 != humans.1)
        }
    }

    @Test("a firewall's page is no refusal, and nothing was made")
    func blocked() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada", connect: ["band"])
            try await sandbox.behave("sandbox_exchange_blocked", for: "ada")
            await #expect(throws: HumanConnectError.unknown(.foreignRefusal(status: 403))) {
                try await sandbox.client.exchange(session, for: sandbox.provider)
            }
            try await sandbox.behave(nil, for: "ada")
            _ = try await sandbox.client.exchange(session, for: sandbox.provider)
        }
    }
}
