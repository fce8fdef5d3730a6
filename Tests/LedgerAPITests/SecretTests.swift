import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerStore
import NIOHTTP1
import Postgres
import PostgresCluster
import TestSupport
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct SecretTests {
    /// Collects what must not be found anywhere.
    private struct Markers {
        var values: Set<String> = []

        mutating func add(_ values: String?...) {
            for value in values.compactMap({ $0 }) where value.utf8.count > 8 {
                self.values.insert(value)
            }
        }

        /// The markers that a text holds, as they are or in hexadecimal as PostgreSQL prints bytes.
        func found(in text: String) -> [String] {
            let lower = text.lowercased()
            return values.filter { value in
                text.contains(value) || lower.contains(Hexadecimal.encode(value.utf8))
            }.sorted()
        }
    }

    @Test("no user id, session, person or token is found in events, database, logs or problems")
    func markers() async throws {
        try await TestService.run(providerTimeMax: .seconds(2)) { service in
            var markers = Markers()
            markers.add(
                service.key,
                service.foreignKey,
                TestSandbox.ownApp.clientSecret.exposed,
                TestSandbox.ownApp.appKey.exposed
            )
            var problems: [TestAnswer] = []
            let behaviours: [SandboxBehaviour?] =
                [nil]
                + SandboxBehaviour.allCases.filter {
                    ![.slow, .popupError, .duplicateFinish].contains($0)
                }
            for behaviour in behaviours {
                problems += try await flow(behaviour, &markers, service)
            }
            problems += try await errors(&markers, service)
            #expect(problems.count > 60)
            #expect(markers.values.count > 60)
            for problem in problems {
                #expect(markers.found(in: problem.text) == [], "\(problem.text)")
            }
            let dump = try await PostgresTools.data(service.owner.url)
            #expect(dump.contains("\\\\x"), "records are in the dump, in hexadecimal")
            #expect(markers.found(in: dump) == [])
            for path in ["/v1/export", "/v1/export?log=access", "/v1/events?limit=500"] {
                let text = try await service.get(path).text
                #expect(text.contains("specversion"))
                #expect(markers.found(in: text) == [], "\(path)")
            }
            #expect(service.logs.lines.count > 100)
            #expect(markers.found(in: service.logs.lines.joined(separator: "\n")) == [])
            let folder = try await TestPostgres.cluster().folder
            let log = try String(contentsOfFile: folder + "/server.log", encoding: .utf8)
            #expect(!log.isEmpty)
            #expect(markers.found(in: log) == [])
        }
    }

    /// Everything that one user can do, and what was refused on the way.
    private func flow(
        _ behaviour: SandboxBehaviour?,
        _ markers: inout Markers,
        _ service: TestService
    ) async throws -> [TestAnswer] {
        let user = "marker-\(UUID())@example.com"
        let key = "idempotency-\(UUID())"
        markers.add(user, PercentCoding.encode(user, keeping: .unreserved), key)
        var answers: [TestAnswer] = []
        for round in 0..<2 {
            let launch = try await service.launch(
                user,
                headers: ["Idempotency-Key": "\(key) \(round)"]
            )
            markers.add(String(launch.finishPath.dropFirst("/v1/finish/".count)))
            try await service.sandbox.behave(round == 0 ? nil : behaviour, user)
            let played = try await service.play(launch, connect: [round == 0 ? "band" : "lab"])
            markers.add(played["sessionToken"], played["humanId"], played["userId"])
            let object = String(played.text.dropLast())
            answers.append(
                try await service.finish(
                    launch.finishPath,
                    object + #","client_user_id":"\#(user)x"}"#
                )
            )
            answers.append(
                try await service.finish(
                    launch.finishPath,
                    object + #","sessionToken":"second-\#(user)"}"#
                )
            )
            answers.append(try await service.finish(launch.finishPath, played.text))
            answers.append(
                try await service.finish(
                    launch.finishPath,
                    played.text,
                    origin: "https://\(UUID()).example"
                )
            )
            answers.append(
                try await service.finish(
                    launch.finishPath + "/failed",
                    #"{"code":"\#(user)"}"#
                )
            )
            answers.append(try await service.post(service.user(user, "/public-token")))
            let body = #"{"client_user_id":"other-\#(user)"}"#
            answers.append(
                try await service.post(
                    "/v1/launches",
                    body,
                    headers: ["Idempotency-Key": "\(key) \(round)"]
                )
            )
            let tokens = try await service.tokens(user)
            markers.add(tokens["human_id"], tokens["access_token"], tokens["public_token"])
            let facts = try await service.sandbox.user(user)
            markers.add(
                facts?["human_id"]?.text,
                facts?["access_token"]?.text,
                facts?["public_token"]?.text
            )
        }
        return answers.filter { $0.code != nil }
    }

    /// Values in places where they make no sense.
    private func errors(
        _ markers: inout Markers,
        _ service: TestService
    ) async throws -> [TestAnswer] {
        var answers: [TestAnswer] = []
        for _ in 0..<3 {
            let marker = "misplaced-\(UUID())"
            markers.add(marker)
            for path in [
                "/v1/users/\(marker)", "/v1/users/\(marker)/tokens?as_of=\(marker)",
                "/v1/events?\(marker)=1", "/v1/events?type=\(marker)%00",
                "/v1/users?cursor=\(marker)", "/v1/\(marker)", "/v1/events?subject=\(marker)",
            ] {
                answers.append(try await service.get(path))
            }
            for body in [
                #"{"\#(marker)":1}"#, #"{"client_user_id":"u","finish":"\#(marker)"}"#, marker,
            ] {
                answers.append(try await service.post("/v1/launches", body))
            }
            answers.append(
                try await service.post(
                    service.user("known", "/broken"),
                    #"{"reason":"\#(marker)"}"#
                )
            )
            for path in ["/v1/finish/\(marker)", "/v1/launches/\(marker)/finish"] {
                answers.append(try await service.post(path, #"{"humanId":"\#(marker)"}"#))
            }
            answers.append(try await service.call(.GET, "/v1/users", key: marker))
        }
        #expect(answers.allSatisfy { $0.code != nil })
        return answers
    }
}
