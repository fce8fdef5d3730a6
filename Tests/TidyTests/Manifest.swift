import Foundation
import Subprocess
import SystemPackage

/// What Package.swift says about the targets, as SwiftPM reads it.
struct Manifest: Decodable {
    struct Target {
        let name: String
        let isExecutable: Bool
        /// Where its source is, from the top.
        let folder: String
        /// Targets of this package, and products of others.
        let dependencies: [String]
    }

    let targets: [Target]

    private static let bytesMax = 4 << 20

    /// Asks SwiftPM.
    static func read(_ top: String) async throws -> Manifest {
        let answer = try await Subprocess.run(
            .name("swift"),
            arguments: [
                // The build's own folder may be locked while the tests run.
                "package", "--package-path", top, "--scratch-path",
                "\(NSTemporaryDirectory())/token-ledger-manifest", "dump-package",
            ],
            output: .string(limit: bytesMax)
        )
        return try Manifest(json: answer.standardOutput)
    }

    init(json: String) throws {
        self = try JSONDecoder().decode(Manifest.self, from: Data(json.utf8))
    }
}

extension Manifest.Target: Decodable {
    private enum CodingKeys: String, CodingKey {
        case name, type, path, dependencies
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        let type = try values.decode(String.self, forKey: .type)
        isExecutable = type == "executable"
        folder =
            try values.decodeIfPresent(String.self, forKey: .path)
            ?? (type == "test" ? "Tests/" : "Sources/") + name
        dependencies = try values.decode([Dependency].self, forKey: .dependencies).map(\.name)
    }

    /// One entry of the list, whose form depends on how it was written.
    private struct Dependency: Decodable {
        let name: String

        private enum CodingKeys: String, CodingKey, CaseIterable {
            case target, product, byName
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            guard let form = CodingKeys.allCases.first(where: { values.contains($0) }) else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: decoder.codingPath,
                        debugDescription: "a dependency of an unknown form"
                    )
                )
            }
            var parts = try values.nestedUnkeyedContainer(forKey: form)
            name = try parts.decode(String.self)
        }
    }
}
