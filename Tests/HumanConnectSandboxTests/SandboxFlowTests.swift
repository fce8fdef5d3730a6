import HumanConnect
import HumanConnectSandbox
import Ledger
import NIOHTTP1
import Testing
import Wire

@Suite("connect, edit, rotate, recover")
struct SandboxFlowTests {
    @Test("a new user connects, the exchange answers all five fields, the user id decoded")
    func create() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada+é/1@example.com", connect: ["band"])
            #expect(session.clientID == LiveSandbox.clientID)
            #expect(session.userID?.count == 24)
            #expect(session.humanID.exposed.count == 32)
            let answer = try await sandbox.client.exchange(session, for: sandbox.provider)
            #expect(answer.humanID == session.humanID)
            #expect(answer.clientID == LiveSandbox.clientID)
            #expect(answer.clientUserID?.exposed == "ada+é/1@example.com")
            #expect(answer.accessToken.exposed.count == 260)
            #expect(answer.accessToken.exposed.contains("="))
            let facts = try await sandbox.facts("ada+é/1@example.com")
            #expect(facts["public_token"] == answer.publicToken.exposed)
            #expect(facts["access_token"] == answer.accessToken.exposed)
            #expect(facts.json["sources"] == ["band"])
        }
    }

    @Test("a known user without public token is refused: User Already Exists")
    func userExists() async throws {
        try await LiveSandbox.run { sandbox in
            _ = try await sandbox.finish("ada", connect: ["band"])
            let answer = try await sandbox.play("ada", connect: ["watch"])
            #expect(answer.status == 409)
            #expect(answer["code"] == "user_already_exists")
            #expect(answer["message"] == "User Already Exists")
            #expect(answer["detailedMessage"] != nil)
        }
    }

    @Test("a newly connected source rotates at once; the old token is refused, recovery works")
    func rotation() async throws {
        try await LiveSandbox.run { sandbox in
            let first = try await sandbox.finish("ada", connect: ["band"])
            let old = try await sandbox.client.exchange(first, for: sandbox.provider)
            let edit = try await sandbox.finish(
                "ada",
                publicToken: old.publicToken.exposed,
                connect: ["watch"]
            )
            #expect(edit.humanID == first.humanID)
            // Not exchanged yet, and the old token is dead already.
            let refused = try await sandbox.play("ada", publicToken: old.publicToken.exposed)
            #expect(refused.status == 409)
            #expect(refused["code"] == "invalid_public_token")
            let recovered = try await sandbox.client.publicToken(
                humanID: first.humanID,
                for: sandbox.provider
            )
            #expect(recovered != old.publicToken)
            let new = try await sandbox.client.exchange(edit, for: sandbox.provider)
            #expect(new.publicToken == recovered)
            #expect(new.accessToken != old.accessToken)
            let again = try await sandbox.play("ada", publicToken: recovered.exposed)
            #expect(again.json == ["closed": true])
        }
    }

    @Test("removing a source finishes but does not rotate")
    func disconnect() async throws {
        try await LiveSandbox.run { sandbox in
            let first = try await sandbox.finish("ada", connect: ["band", "lab"])
            let old = try await sandbox.client.exchange(first, for: sandbox.provider)
            let edit = try await sandbox.finish(
                "ada",
                publicToken: old.publicToken.exposed,
                disconnect: ["lab"]
            )
            let new = try await sandbox.client.exchange(edit, for: sandbox.provider)
            #expect(new.publicToken == old.publicToken)
            #expect(try await sandbox.facts("ada").json["sources"] == ["band"])
        }
    }

    @Test("closing without Done loses the token: user and source are kept, it has rotated")
    func lostDone() async throws {
        try await LiveSandbox.run { sandbox in
            let closed = try await sandbox.play("ada", connect: ["band"], done: false)
            #expect(closed.json == ["closed": true])
            #expect(try await sandbox.play("ada")["code"] == "user_already_exists")
            let human = try #require(try await sandbox.humanIDs("ada").first)
            let token = try await sandbox.client.publicToken(
                humanID: human,
                for: sandbox.provider
            )
            let edit = try await sandbox.finish(
                "ada",
                publicToken: token.exposed,
                connect: ["watch"]
            )
            #expect(edit.humanID == human)
        }
    }

    @Test("Done without a change is a close, also for a new user, who is then not made")
    func nothingChanged() async throws {
        try await LiveSandbox.run { sandbox in
            let closed = try await sandbox.play("ada")
            #expect(closed.json == ["closed": true])
            #expect(try await sandbox.facts("ada").status == 404)
        }
    }

    @Test("another user's public token and an unknown app are refused")
    func foreign() async throws {
        try await LiveSandbox.run(apps: [LiveSandbox.app, LiveSandbox.otherApp]) { sandbox in
            _ = try await sandbox.finish("ada", connect: ["band"])
            _ = try await sandbox.finish("bob", connect: ["band"])
            let token = try #require(try await sandbox.facts("bob")["public_token"])
            let refused = try await sandbox.play("ada", publicToken: token)
            #expect(refused["code"] == "public_token_mismatch")
            let elsewhere = try await sandbox.post(
                "/sandbox/sessions",
                [
                    "client_user_id": "bob", "public_token": .string(token),
                    "client_id": .string(LiveSandbox.otherClientID),
                ]
            )
            #expect(elsewhere["code"] == "invalid_public_token")
            let unknown = try await sandbox.post(
                "/sandbox/sessions",
                ["client_user_id": "ada", "client_id": "nobody"]
            )
            #expect(unknown.status == 409)
            #expect(unknown["code"] == "invalid_client")
        }
    }

    @Test("a deleted user's tokens die, and the same user id gets a new humanId")
    func deletion() async throws {
        try await LiveSandbox.run { sandbox in
            let first = try await sandbox.finish("ada", connect: ["band"])
            let tokens = try await sandbox.client.exchange(first, for: sandbox.provider)
            let bearer = "Bearer " + tokens.accessToken.exposed
            let sources = try await sandbox.send(
                .GET,
                "/v1/human/sources",
                authorization: bearer
            )
            #expect(sources.status == 200)
            #expect(sources.text.contains(#""sourceName":"Sandbox Fitness Band""#))
            let query = PercentCoding.encode(tokens.accessToken.exposed, keeping: .unreserved)
            let byQuery = try await sandbox.send(.GET, "/v1/human/sources?access_token=\(query)")
            #expect(byQuery.text == sources.text)
            let path = "/v1/apps/\(LiveSandbox.clientID)/users/" + first.humanID.exposed
            let basic = "Basic " + base64(LiveSandbox.appKey + ":")
            #expect(try await sandbox.send(.DELETE, path).status == 401)
            #expect(try await sandbox.send(.DELETE, path, authorization: basic).status == 204)
            #expect(try await sandbox.send(.GET, path, authorization: basic).status == 404)
            let dead = try await sandbox.send(.GET, "/v1/human/sources", authorization: bearer)
            #expect(dead.status == 401)
            #expect(dead.json == ["error": "invalid_token"])
            await #expect(throws: HumanConnectError.rejected(status: 404)) {
                try await sandbox.client.publicToken(
                    humanID: first.humanID,
                    for: sandbox.provider
                )
            }
            let second = try await sandbox.finish("ada", connect: ["band"])
            #expect(second.humanID != first.humanID)
        }
    }

    @Test("registering a user twice gives 201 and one humanId, and counts as existing")
    func register() async throws {
        try await LiveSandbox.run { sandbox in
            let path = "/v1/apps/\(LiveSandbox.clientID)/users"
            let basic = "Basic " + base64(LiveSandbox.appKey + ":")
            let form = "application/x-www-form-urlencoded"
            let first = try await sandbox.send(
                .POST,
                path,
                "externalId=ada%40example.com",
                contentType: form,
                authorization: basic
            )
            let second = try await sandbox.send(
                .POST,
                path,
                #"{"externalId":"ada@example.com"}"#,
                authorization: basic
            )
            #expect(first.status == 201 && second.status == 201)
            #expect(first["humanId"] == second["humanId"])
            #expect(first["externalId"] == "ada@example.com")
            #expect(first["appId"] == LiveSandbox.clientID)
            let refused = try await sandbox.play("ada@example.com")
            #expect(refused["code"] == "user_already_exists")
            #expect(try await sandbox.listed().count == 1)
        }
    }
}
