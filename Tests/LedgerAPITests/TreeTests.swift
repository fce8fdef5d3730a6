import HumanConnect
import Ledger
import LedgerAPI
import LedgerStore
import MerkleLog
import NIOHTTP1
import Testing
import Vault
import Wire

@Suite(.timeLimit(.minutes(5))) struct TreeTests {
    /// Waits until a checkpoint covers the whole log.
    private func checkpoint(_ service: TestService) async throws -> (SignedNote, Checkpoint) {
        let log = Log.facts
        for _ in 0..<200 {
            let size = try await service.store.size(log: log)
            if let latest = try await service.store.latestCheckpoint(log: log),
                latest.size == size
            {
                let answer = try await service.call(.GET, "/checkpoint", key: nil)
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
                let note = try SignedNote(Array(answer.text.utf8))
                let key = try VerifierKey(service.store.checkpointVerifierKey)
                return (
                    note, try Checkpoint(verifying: note, origin: key.name, keys: [key])
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw StoreError.unavailable
    }

    @Test("a client that knows only the key reads tiles and entries that give the signed root")
    func tiles() async throws {
        try await TestService.run { service in
            for number in 0..<70 { try await service.connect("tree \(number)") }
            let (_, checkpoint) = try await checkpoint(service)
            #expect(checkpoint.size > 256)
            var frontier = TreeFrontier()
            for address in TileAddress.bundlesGrown(from: 0, to: checkpoint.size) {
                let answer = try await service.call(.GET, address.path, key: nil)
                #expect(answer.headers["cache-control"]?.contains("immutable") == true)
                let bundle = try EntryBundle(answer.bytes, at: address)
                for leaf in bundle.leaves { frontier.append(leaf) }
            }
            #expect(frontier.root == checkpoint.root)
            var tiles = TileSet()
            for address in TileAddress.grown(from: 0, to: checkpoint.size) {
                let answer = try await service.call(.GET, address.path, key: nil)
                #expect(answer.status == 200, "\(address.path)")
                tiles.insert(try Tile(answer.bytes, at: address))
            }
            #expect(try tiles.root(of: checkpoint.size) == checkpoint.root)
            let other = try await service.call(.GET, "/logs/0/checkpoint", key: nil)
            #expect(other.status == 200)
            for path in [
                "/tile/0/999", "/tile/0/00", "/tile/9/000", "/tile/entries/000.p/0", "/tile/x",
                "/logs/7/checkpoint", "/logs/00/checkpoint", "/logs/x/tile/0/000",
            ] {
                #expect(try await service.call(.GET, path, key: nil).status == 404, "\(path)")
            }
        }
    }

    @Test("every event has a proof under the checkpoint, and one log grows out of the other")
    func proofs() async throws {
        try await TestService.run { service in
            try await service.connect("proof")
            let (_, first) = try await checkpoint(service)
            try await service.connect("proof", "lab")
            let (_, second) = try await checkpoint(service)
            var proven = 0
            for position in 0..<second.size {
                let answer = try await service.get("/v1/events/\(position)/proof")
                // The records of the other app in this log are not ours to read.
                if answer.status == 404 { continue }
                proven += 1
                let proof = try EntryProof(Array((answer["tlog_proof"] ?? "").utf8))
                let event = try await service.store.event(at: Int64(position), log: .facts)
                let stored = try #require(event)
                try InclusionProof(index: position, size: second.size, hashes: proof.hashes)
                    .verify(leaf: MerkleHash(leaf: stored.bytes), root: second.root)
            }
            #expect(proven >= 12)
            let answer = try await service.get("/v1/consistency?from=\(first.size)")
            guard case .array(let texts) = answer.json["consistency"] else {
                Issue.record("no proof")
                return
            }
            let hashes = texts.compactMap { MerkleHash(base64: Array(($0.text ?? "").utf8)) }
            try ConsistencyProof(old: first.size, new: second.size, hashes: hashes)
                .verify(oldRoot: first.root, newRoot: second.root)
        }
    }

    @Test("a proof is refused to whoever asks for none, or may not")
    func refusals() async throws {
        try await TestService.run { service in
            try await service.connect("proof")
            try await service.connect("proof", "lab")
            let (_, last) = try await checkpoint(service)
            var statuses: [String: Int] = [:]
            for path in [
                "/v1/events/99999/proof", "/v1/events/x/proof", "/v1/events/-1/proof",
                "/v1/consistency", "/v1/consistency?from=5&to=4", "/v1/consistency?from=-1",
                "/v1/consistency?from=0&to=99999", "/v1/consistency?from=x",
            ] {
                statuses[path] = try await service.get(path).status
            }
            for (path, status) in statuses {
                #expect(status == (path.hasPrefix("/v1/events") ? 404 : 400), "\(path)")
            }
            let other = try await service.key(.export, .usersRead)
            for path in ["/v1/events/0/proof", "/v1/consistency?from=0"] {
                let without = try await service.call(.GET, path, key: nil).status
                let unfit = try await service.call(.GET, path, key: other).status
                #expect([without, unfit] == [401, 403], "\(path)")
            }
            let foreign = try await service.call(
                .GET,
                "/v1/events/\(last.size - 1)/proof",
                key: service.foreignKey
            )
            #expect(foreign.status == 404)
        }
    }

    @Test("a tree behind a key is closed without it, to shared caches too")
    func closed() async throws {
        try await TestService.run(treeAccess: .key) { service in
            let log = Log.facts
            while try await service.store.latestCheckpoint(log: log) == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
            let reader = try await service.key(.eventsRead)
            let other = try await service.key(.export, .usersRead)
            let width = try #require(try await service.store.latestCheckpoint(log: log)).size
            for path in [
                "/checkpoint", "/tile/0/000.p/\(width)", "/tile/entries/000.p/\(width)",
                "/logs/0/checkpoint", "/logs/0/tile/0/000.p/\(width)", "/logs/9/checkpoint",
            ] {
                #expect(try await service.call(.GET, path, key: nil).status == 401, "\(path)")
                #expect(try await service.call(.GET, path, key: other).status == 403, "\(path)")
                let answer = try await service.call(.GET, path, key: reader)
                #expect(answer.status == (path == "/logs/9/checkpoint" ? 404 : 200), "\(path)")
                let cacheControl = try #require(answer.headers["cache-control"])
                #expect(!cacheControl.contains("public"), "\(path)")
            }
        }
    }
}
