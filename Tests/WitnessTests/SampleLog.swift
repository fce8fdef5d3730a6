import Foundation
import MerkleLog
import Testing

/// A log whose records are known, to make checkpoints and proofs of.
struct SampleLog {
    let signer: NoteSigner
    private let leaves: [MerkleHash]

    /// The records of two logs with one name are the same up to `common`, and none after it.
    init(
        _ count: Int = 600,
        name: String = "log.example",
        common: Int = .max,
        fork: String = ""
    ) throws {
        signer = try NoteSigner(name: name, seed: [UInt8](repeating: 1, count: 32))
        leaves = (0..<count).map { position in
            MerkleHash(leaf: Array("record \(position)\(position < common ? "" : fork)".utf8))
        }
    }

    var key: VerifierKey { signer.key }

    private func tiles(_ size: Int) -> TileSet {
        var builder = TileBuilder()
        for leaf in leaves.prefix(size) { builder.append(leaf) }
        var set = TileSet()
        for tile in builder.takeTiles() { set.insert(tile) }
        return set
    }

    func root(_ size: Int) throws -> MerkleHash { try tiles(size).root(of: size) }

    func checkpoint(_ size: Int) throws -> Checkpoint {
        try Checkpoint(origin: key.name, size: size, root: root(size))
    }

    func note(_ size: Int) throws -> SignedNote { try signer.sign(checkpoint(size)) }

    func proof(from old: Int, to new: Int) throws -> [MerkleHash] {
        try tiles(new).hashes(.consistency(from: old, to: new), in: new)
    }

    func request(from old: Int, to new: Int) throws -> WitnessRequest {
        try WitnessRequest(oldSize: old, hashes: proof(from: old, to: new), note: note(new))
    }
}

/// A folder that is gone after the test.
struct TemporaryFolder {
    let path: String

    static func lend<Value>(_ body: (TemporaryFolder) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("token-ledger-witness-" + UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(TemporaryFolder(path: path)))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: path)
        return try result.get()
    }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path + "/state").sorted() }
    }

    func write(_ text: String, to name: String, permissions: Int = 0o600) throws -> String {
        let file = path + "/" + name
        try #require(
            FileManager.default.createFile(
                atPath: file,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: permissions]
            )
        )
        return file
    }
}
