import Ledger
import LedgerAPI
import LedgerStore
import MerkleLog
import NIOHTTP1
import StateMap
import Testing
import Vault
import Wire

@Suite("Proofs of what is current", .timeLimit(.minutes(5)))
struct StateProofTests {
    /// Verifies a file as a backend would that has the log's key, and its app's name key.
    private func verify(
        _ file: [UInt8],
        about clientUserID: String,
        of app: StoredApp,
        _ service: TestService
    ) throws -> StateVerdict {
        var check = StateProofCheck(
            keys: [try VerifierKey(service.store.checkpointVerifierKey)],
            now: Int(service.store.clock.now().microseconds / 1_000_000)
        )
        check.ageMax = 120
        let nameKey = service.store.vault.nameKey(app: app.id)
        check.whom = .init(
            clientID: app.clientID,
            label: MapKey.label(of: Secret(clientUserID), nameKey: nameKey)
        )
        return try check.verify(StateDocument(file))
    }

    /// An answer with a proof, which a loaded machine may not have in time.
    private static func get(_ path: String, _ service: TestService) async throws -> TestAnswer {
        while true {
            let answer = try await service.get(path)
            guard answer.code == "not_integrated" else { return answer }
        }
    }

    @Test(
        "a proof is of the user's state, of nobody where there is nobody, and of nobody after an erasure"
    )
    func proofs() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let answer = try await Self.get("/v1/users/alice/proof", service)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(answer.headers["cache-control"] == "no-store")
            let verdict = try verify(answer.bytes, about: "alice", of: service.app, service)
            #expect(verdict.state?.status == .connected)
            #expect(!answer.text.contains("alice"))
            #expect(throws: StateProofError.otherUser) {
                try verify(answer.bytes, about: "bob", of: service.app, service)
            }

            let nobody = try await Self.get("/v1/users/bob/proof", service)
            #expect(nobody.status == 200)
            #expect(try verify(nobody.bytes, about: "bob", of: service.app, service).subject == nil)
            // The other app's users are none of this one's.
            let foreign = try await service.call(
                .GET,
                "/v1/users/alice/proof",
                key: service.foreignKey
            )
            let absent = try verify(foreign.bytes, about: "alice", of: service.foreignApp, service)
            #expect(absent.subject == nil)

            #expect(
                try await service.call(.DELETE, "/v1/users/alice", key: service.key).status < 300
            )
            let gone = try await Self.get("/v1/users/alice/proof", service)
            #expect(try verify(gone.bytes, about: "alice", of: service.app, service).subject == nil)
        }
    }

    @Test("whatever pair of logs a user is of, the proof is from there, and so is that of nobody")
    func pairs() async throws {
        try await TestService.run(pairs: 3) { service in
            for log in service.store.logs.list(.facts) {
                let (id, nobody) = (
                    try service.name(in: log, "user-"), try service.name(in: log, "nobody-")
                )
                try await service.connect(id)
                let tokens = try await Self.get("/v1/users/\(id)/tokens?proof=true", service)
                #expect(tokens.status == 200, "\(tokens.text)")
                let file = Array(try #require(tokens["proof"]).utf8)
                // The key of the first log of facts is known to whoever verifies.
                let verdict = try verify(file, about: id, of: service.app, service)
                #expect(verdict.state?.status == .connected)
                #expect(verdict.statement.logs.pairs == 3)
                #expect(verdict.statement.log == log)
                let answer = try await Self.get("/v1/users/\(nobody)/proof", service)
                let absent = try verify(answer.bytes, about: nobody, of: service.app, service)
                #expect(absent.subject == nil)
                #expect(absent.statement.log == log)
            }
        }
    }

    @Test(
        "tokens come with the proof that they are the ones that count, also right after a rotation"
    )
    func tokens() async throws {
        try await TestService.run { service in
            // A popup in which nothing changes has no session to finish with.
            for (round, source) in ["band", "watch", "scale"].enumerated() {
                try await service.connect("alice", source)
                let answer = try await Self.get("/v1/users/alice/tokens?proof=true", service)
                #expect(answer.status == 200, "\(answer.text)")
                let file = Array(try #require(answer["proof"]).utf8)
                let state = try verify(file, about: "alice", of: service.app, service).state
                let user = try #require(
                    try await service.store.user(Secret("alice"), of: service.app)
                )
                #expect(state?.accessToken == user.state.accessToken, "\(round)")
                #expect(state?.publicToken == user.state.publicToken)
                #expect(
                    !String(decoding: file, as: UTF8.self).contains(answer["access_token"] ?? "")
                )
            }
            for query in ["proof=yes", "proof=true&as_of_position=3"] {
                let answer = try await service.get("/v1/users/alice/tokens?\(query)")
                #expect(answer.code == "malformed_request")
            }
            let unknown = try await service.get("/v1/users/bob/tokens?proof=true")
            #expect(unknown.code == "not_connected")
            let tag = try await service.get("/v1/users/alice/tokens").headers["etag"]
            let again = try await service.get(
                "/v1/users/alice/tokens?proof=true",
                headers: ["If-None-Match": tag ?? ""]
            )
            #expect(again.status == 200)
            // Two proofs of the same tokens differ.
            #expect(again.headers["etag"] == nil)
            let head = try await service.call(
                .HEAD,
                "/v1/users/alice/tokens?proof=true",
                key: service.key
            )
            #expect(head.status == 200)
            #expect(head.headers["etag"] == nil)
        }
    }
}
