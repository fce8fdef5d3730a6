import ConnectFlow
import Foundation
import HumanConnect
import Ledger
@testable import LedgerStore
import MerkleLog
import NIOHTTP1
import Postgres
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ErasureTests {
    private func erase(
        _ clientUserID: String,
        _ service: TestService,
        idempotencyKey: String? = nil
    ) async throws -> TestAnswer {
        var headers: [String: String] = [:]
        headers["Idempotency-Key"] = idempotencyKey
        return try await service.call(
            .DELETE,
            service.user(clientUserID),
            key: service.key,
            headers: headers
        )
    }

    /// How many values, keys and lookups of people the vault has of a subject.
    private func traces(of subject: String, _ service: TestService) async throws -> Int64 {
        let subject = try #require(Identifier(subject))
        return try await service.count(
            Statement(
                "traces",
                """
                select count(*) from (
                    select 1 from vault.value where subject = $1
                    union all select 1 from vault.data_key where subject = $1
                    union all select 1 from vault.lookup where subject = $1 and kind = 'human'
                    union all select 1 from vault.user_state where subject = $1
                        and num_nonnulls(fingerprint, root_key_id, wrapped_key, client_user_id,
                            human_id, access_token, public_token) > 0
                ) as t
                """,
                .uuid(subject.value)
            )
        )
    }

    @Test("whoever is erased is unknown everywhere, and the receipt proves it")
    func unknown() async throws {
        try await TestService.run { service in
            let launch = try await service.connect("alice")
            let open = try await service.launch("alice")
            let session = try await service.session(open, connect: ["lab"])
            try await service.connect("bob")
            let token = try #require(try await service.tokens("alice")["access_token"])
            let events = try await service.events("alice")
            let moment = try #require(events.last?["event"]?["time"]?.text)
            let bob = try await service.tokens("bob")
            let answer = try await erase("alice", service)
            #expect(answer.status == 200, "\(answer.text)")
            let subject = try #require(answer["subject"])
            try expectProof(answer, service)
            #expect(try await traces(of: subject, service) == 0)
            for path in [
                service.user("alice"), service.user("alice", "/tokens"),
                service.user("alice", "/events"), service.user("alice", "/tokens?as_of=\(moment)"),
                "/v1/export?user=alice", "/v1/export/identities?user=alice",
            ] {
                let answer = try await service.get(path)
                let nobody = try await service.get(path.replacing("alice", with: "nobody"))
                #expect(answer.status == 404, "\(path)")
                #expect(answer.code == nobody.code && answer["detail"] == nobody["detail"])
            }
            for path in ["/public-token", "/broken"] {
                #expect(try await service.post(service.user("alice", path)).code == "not_connected")
            }
            #expect(try await !service.get("/v1/users").text.contains(subject))
            #expect(try await !service.get("/v1/export/identities").text.contains(subject))
            let found = try await service.post(
                "/v1/tokens/search",
                String(decoding: (["token": .string(token)] as JSONValue).encoded, as: UTF8.self)
            )
            #expect(found.status == 200 && !found.text.contains(subject))
            // Launches go with their user.
            for path in [open.finishPath, launch.finishPath] {
                let finish = try await service.finish(path, session)
                #expect(finish.status == 404 && finish.code == "launch_not_found", "\(finish.text)")
                let closed = try await service.finish(path + "/closed", "", contentType: nil)
                #expect(closed.status == 404)
            }
            #expect(try await service.exchanges(of: session) == 0)
            // The history stays, for whoever knows the pseudonym, and earlier proofs hold.
            let story = try await service.get("/v1/events?subject=\(subject)")
            guard case .array(let records)? = story.json["events"] else { throw StoreError.defect }
            #expect(records.count == events.count + 1)
            #expect(records.last?["event"]?["type"] == "subject.erased")
            for event in records {
                guard case .number(let position)? = event["position"] else { continue }
                let proof = try await service.get("/v1/events/\(position)/proof")
                try expectProof(proof, service)
            }
            #expect(try await service.tokens("bob").text == bob.text)
            #expect(try await service.verifies())
            let file = service.erasureFolder + "/\(subject).json"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == answer.text)
        }
    }

    private func expectProof(_ answer: TestAnswer, _ service: TestService) throws {
        let proof = try EntryProof(Array((answer["tlog_proof"] ?? "").utf8))
        let key = service.store.vault.checkpointSigner(logID: 0).key
        let checkpoint = try Checkpoint(verifying: proof.note, origin: key.name, keys: [key])
        let event = try #require(answer.json["event"])
        try proof.inclusion.verify(leaf: MerkleHash(leaf: event.encoded), root: checkpoint.root)
    }

    @Test("a repeat with the same key gets the same receipt; without one nobody is there any more")
    func repeated() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            try await service.connect("bob")
            let first = try await erase("alice", service, idempotencyKey: "one")
            #expect(first.status == 200)
            let second = try await erase("alice", service, idempotencyKey: "one")
            #expect(second.status == 200)
            for name in ["subject", "erased_at"] { #expect(first[name] == second[name]) }
            #expect(first.json["event"] == second.json["event"])
            #expect(try await erase("alice", service).code == "not_connected")
            #expect(try await erase("alice", service, idempotencyKey: "two").status == 404)
            // The key was for somebody else; nobody is erased by mistake.
            #expect(try await erase("bob", service, idempotencyKey: "one").code == "key_reused")
            _ = try await service.launch("alice")
            #expect(try await erase("alice", service, idempotencyKey: "one").code == "key_reused")
            #expect(try await service.tokens("bob").status == 200)
            let parallel = try await parallel(8) { _ in
                try await erase("bob", service, idempotencyKey: "crowd")
            }
            #expect(Set(parallel.map(\.status)) == [200])
            #expect(Set(parallel.compactMap { $0["subject"] }).count == 1)
            #expect(try await service.verifies())
        }
    }

    @Test("a person comes back as somebody new")
    func again() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("alice", headers: ["Idempotency-Key": "k"])
            let session = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            let human = try #require(try await service.tokens("alice")["human_id"])
            let gone = try #require(try await erase("alice", service)["subject"])
            // The key of the launch before leads to one of the new user.
            let second = try await service.launch("alice", headers: ["Idempotency-Key": "k"])
            #expect(second.id != launch.id && second.mode == "create")
            // The provider still has the person, who was not erased there.
            let played = try await service.play(second, connect: ["lab"])
            #expect(played["sessionToken"] == nil)
            _ = try await service.finish(
                second.finishPath + "/failed",
                #"{"code":"user_already_exists"}"#
            )
            let third = try await service.connect("alice", "lab")
            #expect(third.mode == "edit")
            let tokens = try await service.tokens("alice")
            #expect(tokens["human_id"] == human)
            let user = try await service.get(service.user("alice"))
            #expect(user["subject"] != gone)
            #expect(try await service.verifies())
        }
    }

    @Test("a held user is not erased until the hold ends")
    func hold() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let user = try #require(try await service.store.user(Secret("alice"), of: service.app))
            let context = RecordContext(actor: "operator")
            _ = try await service.store.hold(
                user,
                of: service.app,
                reason: .authorityOrder,
                context: context
            )
            let refused = try await erase("alice", service)
            #expect(refused.status == 409 && refused.code == "legal_hold")
            #expect(try await service.tokens("alice").status == 200)
            let held = try #require(try await service.store.user(Secret("alice"), of: service.app))
            _ = try await service.store.release(held, of: service.app, context: context)
            #expect(try await erase("alice", service).status == 200)
        }
    }

    @Test("an answer of the provider that comes after the erasure is destroyed")
    func late() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("sandbox_slow alice")
            let session = try await service.session(launch)
            async let finish = service.finish(launch.finishPath, session)
            try await service.waitForExchange(of: session)
            let erased = try await erase("sandbox_slow alice", service)
            #expect(erased.status == 200)
            let answer = try await finish
            #expect(answer.status == 404 && answer.code == "launch_not_found", "\(answer.text)")
            let subject = try #require(erased["subject"])
            #expect(try await traces(of: subject, service) == 0)
            #expect(try service.spoolFiles() == [])
            #expect(service.logs.lines.contains { $0.contains("erased; it is not kept") })
            #expect(try await service.verifies())
        }
    }

    @Test("an answer on disk of a user who was erased is removed")
    func spooled() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let user = try #require(try await service.store.user(Secret("alice"), of: service.app))
            let received = try await service.store.wholeHistory(of: user).first {
                if case .finishReceived = try $0.record().event { true } else { false }
            }
            let finalize = try #require(try received?.record().id)
            try service.keepOnDisk([1, 2, 3], of: finalize)
            #expect(try service.waitingAnswers == 1)
            _ = try await erase("alice", service)
            await service.flows.settler.drain()
            #expect(try service.spoolFiles() == [])
        }
    }

    @Test("where the list cannot be written, the answer is 202, and the list is completed later")
    func unlisted() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let folder = service.erasureFolder
            try Data().write(to: URL(fileURLWithPath: folder))
            let answer = try await erase("alice", service, idempotencyKey: "k")
            #expect(answer.status == 202, "\(answer.text)")
            let subject = try #require(answer["subject"])
            #expect(try await traces(of: subject, service) == 0)
            let place = try #require(answer.headers["location"])
            #expect(try await service.get(place).json["event"] == answer.json["event"])
            try FileManager.default.removeItem(atPath: folder)
            let eraser = Eraser(
                store: service.store,
                folder: ErasureFolder(path: folder),
                logger: service.logs.logger()
            )
            await eraser.listMissing()
            #expect(try ErasureFolder(path: folder).subjects().map(\.description) == [subject])
            #expect(try await erase("alice", service, idempotencyKey: "k").status == 200)
        }
    }

    @Test("against finishes, launches, recoveries and reads nothing is left, and nothing served")
    func races() async throws {
        try await TestService.run { service in
            for round in 0..<6 {
                let name = "racer \(round)"
                try await service.connect(name)
                let launch = try await service.launch(name)
                let session = try await service.session(launch, connect: ["lab"])
                let answers = try await parallel(10) { number in
                    try await Task.sleep(for: .milliseconds(number * 3))
                    return switch number % 5 {
                    case 0: try await service.finish(launch.finishPath, session)
                    case 1: try await service.tokens(name)
                    case 2: try await service.post(service.user(name, "/public-token"))
                    case 3: try await service.finish(launch.finishPath + "/closed", "")
                    default:
                        number > 5
                            ? try await erase(name, service, idempotencyKey: name)
                            : try await service.tokens(name, "?as_of_position=99999")
                    }
                }
                for answer in answers { #expect(answer.status < 500, "\(answer.text)") }
                let erased = try await erase(name, service, idempotencyKey: name)
                let subject = try #require(erased["subject"], "\(erased.text)")
                #expect(try await service.tokens(name).status == 404)
                #expect(try await traces(of: subject, service) == 0)
            }
            #expect(try await service.verifies())
        }
    }

    @Test("launches that race with erasures leave whole users or none")
    func launches() async throws {
        try await TestService.run { service in
            _ = try await service.launch("busy")
            let answers = try await parallel(40) { number in
                number.isMultiple(of: 4)
                    ? try await erase("busy", service)
                    : try await service.launch("busy").answer
            }
            #expect(answers.contains { $0.status == 200 })
            for answer in answers { #expect([200, 201, 404].contains(answer.status)) }
            #expect(
                try await service.count(
                    Statement(
                        "living",
                        "select count(*) from vault.user_state where status <> 'erased'"
                    )
                ) <= 1
            )
            #expect(try await service.verifies())
        }
    }
}

extension TestService {
    /// A number that the database answers.
    fileprivate func count(_ statement: Statement) async throws -> Int64 {
        try await asOwner { connection in
            try await connection.query(statement) { result throws(PostgresError) in
                try result.int8(0, 0)
            }
        }
    }

    /// Puts a file into the spool as an answer of the provider would be.
    fileprivate func keepOnDisk(_ bytes: [UInt8], of finalize: Identifier) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(spoolFolder)/\(finalize).answer"))
    }
}
