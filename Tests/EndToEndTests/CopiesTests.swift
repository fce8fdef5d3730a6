import AsyncHTTPClient
import Foundation
import Subprocess
import TestSupport
import Testing
import Wire

/// Three real processes of `serve` on one database.
///
/// That reads are never stale, and that each session is exchanged once while copies die, is the
/// campaign's (docs/campaign.md, `copy-killed`).
@Suite("three copies of the service", .timeLimit(.minutes(5)))
struct CopiesTests {
    private struct Place: Sendable {
        let setup: TestServe.Setup
        let folder: String

        /// What a copy is started with: its spool is its own.
        func setup(of copy: Int) -> TestServe.Setup {
            setup.with([
                "TOKEN_LEDGER_SPOOL_FOLDER": "\(folder)/spool-\(copy)",
                "TOKEN_LEDGER_WEBHOOK_NETWORKS": "127.0.0.0/8",
            ])
        }

        func json(_ arguments: [String]) async throws -> JSONValue {
            let text = try await TestProgram.output(
                of: arguments + ["--json"],
                environment: setup(of: 0).settings
            )
            return try JSONParser.parse(Array(text.utf8.dropLast()), depthMax: 8)
        }
    }

    private static let copies = 3
    /// How long a copy goes by what it has read of a key (docs/availability.md).
    private static let rememberedTimeMax = Duration.seconds(5)
    private static let lookPause = Duration.milliseconds(20)

    private func lend(_ body: (Place, [TestServe]) async throws -> Void) async throws {
        try await lendPlace { place in
            try await lend(place, []) { try await body(place, $0) }
        }
    }

    private func lendPlace(_ body: (Place) async throws -> Void) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await body(Place(setup: setup, folder: folder.path))
        }
    }

    /// Starts one copy more, until there are all.
    private func lend(
        _ place: Place,
        _ copies: [TestServe],
        _ body: ([TestServe]) async throws -> Void
    ) async throws {
        guard copies.count < Self.copies else { return try await body(copies) }
        try await TestServe.run(place.setup(of: copies.count)) { copy in
            _ = try await copy.port
            try await lend(place, copies + [copy], body)
        }
    }

    @Test("a key that is revoked is soon refused by each of them, also where it is in use")
    func revoked() async throws {
        try await lend { place, copies in
            let made = try await place.json([
                "api-key", "create", "--app", "serve", "--scope", "users:read",
            ])
            let key = try #require(made["key"]?.text)
            for copy in copies {
                let answer = try await Self.users(copy, key)
                #expect(answer == 404, "the key is good, and there is no such user")
            }
            let revoke = ["api-key", "revoke", try #require(made["id"]?.text)]
            _ = try await TestProgram.output(of: revoke, environment: place.setup.settings)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for copy in copies {
                    group.addTask {
                        // Each takes at least the pause: no busy machine makes it more of them.
                        var looks = 0
                        while try await Self.users(copy, key) != 401 {
                            looks += 1
                            try await Task.sleep(for: Self.lookPause)
                        }
                        #expect(looks <= Int(Self.rememberedTimeMax / Self.lookPause) + 1)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private static func users(_ copy: TestServe, _ key: String) async throws -> Int {
        let request = HTTPClientRequest(url: try await copy.url + "/v1/users/nobody")
        return try await JSONCall.answer(to: request, key: key).status
    }

    @Test("what one writes the others read at once")
    func ownWrites() async throws {
        try await lend { _, copies in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for user in 0..<20 {
                    group.addTask {
                        for turn in 0..<6 {
                            let writer = copies[(user + turn) % copies.count]
                            let reader = copies[(user + turn + 1) % copies.count]
                            #expect(try await writer.launch("user-\(user)").status == 201)
                            let found = try await reader.get("/v1/users/user-\(user)")
                            let json = try JSONParser.parse(Array(found.text.utf8), depthMax: 8)
                            #expect(json["subject_version"] == .number("\(turn + 1)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("webhooks come once each, in order for each user, whichever copy wrote the event")
    func webhooks() async throws {
        try await TestReceiver.run { receiver in
            try await lend { place, copies in
                try await add(receiver, place)
                try await launch(0..<90, copies)
                try await receiver.wait(for: 90)
            }
            let ids = receiver.messages.map(\.id)
            #expect(ids.count == 90 && Set(ids).count == 90)
            #expect(try versions(receiver).values.allSatisfy { $0 == [1, 2, 3] })
        }
    }

    @Test("when the copy that delivers webhooks dies, another one goes on, and none is missing")
    func killed() async throws {
        try await TestReceiver.run { receiver in
            try await lendPlace { place in
                try await TestServe.run(place.setup(of: 0), ending: .crash) { first in
                    try await add(receiver, place)
                    // Nobody else is there to deliver, and who has begun goes on.
                    try await launch(0..<30, [first])
                    try await receiver.wait(for: 1)
                    try await lend(place, [first]) { copies in
                        try await launch(30..<60, copies)
                        first.send(.kill)
                        try await launch(60..<90, Array(copies.dropFirst()))
                        try await receiver.wait { Set($0.map(\.id)).count == 90 }
                    }
                }
            }
            // The same message may come twice where the dead one could not write down that it came.
            for versions in try versions(receiver).values {
                var seen: [Int] = []
                for version in versions where !seen.contains(version) { seen.append(version) }
                #expect(seen == [1, 2, 3])
            }
        }
    }

    private func add(_ receiver: TestReceiver, _ place: Place) async throws {
        _ = try await place.json([
            "webhook", "add", "--app", "serve", receiver.url + "/hook", "--type",
            "connect.launched",
        ])
    }

    /// Launches thirty users three times each, one after the other at different copies.
    private func launch(_ numbers: Range<Int>, _ copies: [TestServe]) async throws {
        let users = Dictionary(grouping: numbers) { $0 / 3 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (user, numbers) in users {
                group.addTask {
                    for number in numbers.sorted() {
                        let launched = try await copies[number % copies.count].launch(
                            "user-\(user)"
                        )
                        #expect(launched.status == 201)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The versions of each user in the order in which they came.
    private func versions(_ receiver: TestReceiver) throws -> [String: [Int]] {
        var versions: [String: [Int]] = [:]
        for message in receiver.messages {
            let data = try JSONParser.parse(message.body, depthMax: 8)["data"]
            guard let subject = data?["subject"]?.text,
                case .number(let text)? = data?["subject_version"], let version = Int(text)
            else { continue }
            versions[subject, default: []].append(version)
        }
        return versions
    }
}
