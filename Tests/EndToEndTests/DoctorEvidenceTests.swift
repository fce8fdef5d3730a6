import Foundation
import Postgres
import TestSupport
import Testing

@Suite("The doctor, on keys, evidence, network and folders", .timeLimit(.minutes(5)))
struct DoctorEvidenceTests {
    /// What is found after something was done to a ledger at which nothing was wrong.
    private func expect(
        _ finding: String,
        _ scene: DoctorScene,
        _ others: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await scene.examine(others)
        #expect(
            report.findings.contains(finding),
            "\(report.text)",
            sourceLocation: sourceLocation
        )
        let isBlocking = report.findings.contains { $0.hasSuffix(" blocking") }
        #expect(report.status == (isBlocking ? 6 : 0), sourceLocation: sourceLocation)
    }

    private func expectNothing(
        _ scene: DoctorScene,
        _ others: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await scene.examine(others)
        #expect(report.findings == [], "\(report.text)", sourceLocation: sourceLocation)
    }

    @Test("tells each state of a change of the root key, and a root key that does not fit")
    func rootKey() async throws {
        try await DoctorScene.run { scene in
            let old = scene.folder + "/root.key"
            let new = try scene.file("new.key", String(repeating: "6b", count: 32))
            try await expect("root_key_wrong blocking", scene, ["TOKEN_LEDGER_ROOT_KEY_FILE": new])
            try await expect(
                "root_key_missing blocking",
                scene,
                ["TOKEN_LEDGER_ROOT_KEY_FILE": new]
            )
            try await scene.damage(
                "update vault.master_key set wrapped_at = now() - interval '2.1 years'"
            )
            try await expect("root_key_old warning", scene)
            try await scene.damage("update vault.master_key set wrapped_at = now()")
            // Step 2 of a change is nothing to tell of.
            try await expectNothing(scene, ["TOKEN_LEDGER_OTHER_ROOT_KEY_FILE": new])
            let exchanged = [
                "TOKEN_LEDGER_ROOT_KEY_FILE": new, "TOKEN_LEDGER_OTHER_ROOT_KEY_FILE": old,
            ]
            try await expect("root_key_change_unfinished warning", scene, exchanged)
            _ = try await scene.command(["root-key", "rotate"], exchanged)
            try await expect("root_key_not_needed warning", scene, exchanged)
            try await expect(
                "root_key_changed blocking",
                scene,
                ["TOKEN_LEDGER_OTHER_ROOT_KEY_FILE": new]
            )
            // The change itself is a record that no checkpoint covers, and it is young.
            try await expectNothing(scene, ["TOKEN_LEDGER_ROOT_KEY_FILE": new])
        }
    }

    @Test("finds keys that were lost, and an app whose secrets do not open")
    func keys() async throws {
        try await DoctorScene.run { scene in
            try await scene.owner.script(
                """
                create table public.kept as select * from vault.master_key;
                delete from vault.master_key
                """
            )
            try await expect("keys_missing blocking", scene)
            try await scene.owner.script("insert into vault.master_key select * from public.kept")
            try await expectNothing(scene)
            try await scene.owner.script("update vault.data_key set wrapped = '\\x00'")
            try await expect("app_secret_damaged blocking", scene)
        }
    }

    @Test("tells of keys that nobody can use here, for nobody is asked for a certificate")
    func boundKeys() async throws {
        try await DoctorScene.run { scene in
            let bound = "update ledger.api_key set client_certificates ="
            try await scene.owner.script("\(bound) array[repeat('A', 43)]")
            try await expect("client_certificates_not_asked warning", scene)
            let (certificate, key) = try await TestCertificate.make().write(to: scene.folder)
            let report = try await scene.examine([
                "TOKEN_LEDGER_TLS_CERTIFICATE_FILE": certificate,
                "TOKEN_LEDGER_TLS_KEY_FILE": key, "TOKEN_LEDGER_TLS_CLIENT_CERTIFICATES": "ask",
            ])
            #expect(report.findings == [], "\(report.text)")
            #expect(report.fact("bound to client certificates") == "1")
            try await expect(
                "setting_unusable blocking",
                scene,
                ["TOKEN_LEDGER_TLS_CLIENT_CERTIFICATES": "maybe"]
            )
            try await scene.owner.script("update ledger.api_key set revoked_at = now()")
            try await expectNothing(scene)
            try await scene.owner.script("\(bound) '{}', revoked_at = null")
            try await expectNothing(scene)
        }
    }

    @Test("compares the newest checkpoint with records, clock and folder")
    func checkpoints() async throws {
        try await DoctorScene.run { scene in
            let folder = scene.folder + "/checkpoints"
            try await expect(
                "checkpoint_folder_unset warning",
                scene,
                ["TOKEN_LEDGER_CHECKPOINT_FOLDER": ""]
            )
            try await scene.damage(
                "update ledger.checkpoint set published_at = now() - interval '1 hour'"
            )
            try await expect(
                "checkpoint_folder_behind warning",
                scene,
                ["TOKEN_LEDGER_CHECKPOINT_FOLDER": scene.folder + "/other"]
            )
            let foreign = scene.folder + "/foreign"
            try FileManager.default.createDirectory(
                atPath: foreign + "/checkpoint-0",
                withIntermediateDirectories: true
            )
            try await expect(
                "checkpoint_folder_unreadable blocking",
                scene,
                ["TOKEN_LEDGER_CHECKPOINT_FOLDER": foreign]
            )
            try FileManager.default.removeItem(atPath: foreign + "/checkpoint-0")
            _ = try scene.file("foreign/checkpoint-0", "nothing")
            try await expect(
                "history_mismatch blocking",
                scene,
                ["TOKEN_LEDGER_CHECKPOINT_FOLDER": foreign]
            )
            try await scene.owner.script(
                "insert into ledger.checkpoint (log_id, size, root, note) "
                    + "values (0, 1000000, sha256('x'), 'forged')"
            )
            try await expect("checkpoint_unsound warning", scene)
            try await scene.damage("delete from ledger.checkpoint where size = 1000000")
            try await expectNothing(scene)
            try await set(scene, back: folder)
        }
    }

    /// Records, checkpoints and the database as a whole that are older than what was signed.
    private func set(_ scene: DoctorScene, back folder: String) async throws {
        try await scene.damage(
            "update ledger.event set record = record || ' ' where log_id = 0 and position = 2"
        )
        try await expect("history_mismatch blocking", scene)
        try await scene.damage(
            """
            update ledger.event set record = substr(record, 1, length(record) - 1)
            where log_id = 0 and position = 2
            """
        )
        try await expectNothing(scene)
        _ = try await scene.command(["api-key", "create", "--app", "serve", "--scope", "launch"])
        try await expectNothing(scene)
        try await scene.damage(
            "update ledger.event set recorded_at = now() - interval '5 minutes' where position = 3"
        )
        try await expect("checkpoint_late warning", scene)
        try await expect("map_behind warning", scene)
        try await scene.damage("delete from ledger.checkpoint where log_id = 0")
        try await expect("history_mismatch blocking", scene)
    }

    @Test("tells witnesses that are away, that have not signed, and a policy that is none")
    func witnesses() async throws {
        try await DoctorScene.run { scene in
            let key = try scene.file("w1.key", String(repeating: "1c", count: 32))
            let witness = try await scene.command([
                "witness", "key", "--name", "example.com/w1", "--key-file", key,
            ]).split(separator: "\n").first.map(String.init)
            let policy = try scene.file(
                "policy",
                "witness w1 \(try #require(witness)) http://127.0.0.1:1\nquorum w1\n"
            )
            let named = ["TOKEN_LEDGER_WITNESS_POLICY": policy]
            try await expect("witness_unreachable warning", scene, named)
            try await expect("cosignatures_missing warning", scene, named)
            let wrong = try scene.file("wrong", "quorum w1\n")
            try await expect(
                "witness_policy_unusable blocking",
                scene,
                ["TOKEN_LEDGER_WITNESS_POLICY": wrong]
            )
        }
    }

    @Test("calls the provider of each app, and tells nobody from somebody who is not trusted")
    func provider() async throws {
        try await DoctorScene.run { scene in
            let update = ["app", "update", "serve", "--provider-url"]
            _ = try await scene.command(update + ["http://127.0.0.1:1"])
            try await expect("provider_unreachable blocking", scene)
            try await TLSServer.run(.selfSigned) { server in
                _ = try await scene.command(update + [server.url])
                try await expect("provider_untrusted blocking", scene)
                #expect(server.connections == ["refused"], "nothing was said")
            }
        }
    }

    @Test("looks at the folders, at what waits in them, and at the room of their disks")
    func folders() async throws {
        try await DoctorScene.run { scene in
            let file = try scene.file("a-file", "x")
            try await expect("folder_unusable blocking", scene, ["TOKEN_LEDGER_SPOOL_FOLDER": file])
            try await expect(
                "spool_unreadable blocking",
                scene,
                ["TOKEN_LEDGER_SPOOL_FOLDER": file]
            )
            try await expect(
                "erasures_unreadable blocking",
                scene,
                ["TOKEN_LEDGER_ERASURE_FOLDER": file]
            )
            let answer = try scene.file("spool/\(UUID().uuidString.lowercased()).answer", "x")
            try await expect("answers_waiting warning", scene)
            try FileManager.default.removeItem(atPath: answer)
            try await DiskImage.run(megabytes: 16) { disk in
                let spool = ["TOKEN_LEDGER_SPOOL_FOLDER": disk.folder + "/spool"]
                try await expect("folder_full blocking", scene, spool)
            }
            try await DiskImage.run(megabytes: 64) { disk in
                let spool = ["TOKEN_LEDGER_SPOOL_FOLDER": disk.folder + "/spool"]
                try await expect("folder_full warning", scene, spool)
            }
            try await expectNothing(scene)
        }
    }
}
