import Wire

/// What a program is made of, in the form of CycloneDX 1.6.
///
/// It has no time and no number of its own: the same program prints the same.
struct SoftwareBill {
    struct Component {
        let name: String
        let version: String?
        /// Names the component in all of the world (https://github.com/package-url/purl-spec).
        let packageURL: String
        var source: String?
        var commit: String?

        /// A library or a server of the system, which is not part of the program's file.
        static func system(_ name: String, version: String?) -> Component {
            Component(
                name: name,
                version: version,
                packageURL: "pkg:generic/\(name)" + (version.map { "@\($0)" } ?? "")
            )
        }
    }

    let components: [Component]

    private static let program = "token-ledger"

    var json: JSONValue {
        [
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": .number("1"),
            "metadata": [
                "component": [
                    "type": "application", "bom-ref": .string(Self.program),
                    "name": .string(Self.program),
                ]
            ],
            "components": .array(components.map(\.json)),
            "dependencies": [
                [
                    "ref": .string(Self.program),
                    "dependsOn": .array(components.map { .string($0.packageURL) }),
                ]
            ],
        ]
    }
}

extension SoftwareBill.Component {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", "library"), .init("bom-ref", .string(packageURL)),
            .init("name", .string(name)),
        ]
        if let version { members.append(.init("version", .string(version))) }
        members.append(.init("purl", .string(packageURL)))
        if let source {
            members.append(
                .init("externalReferences", [["type": "vcs", "url": .string(source)]])
            )
        }
        if let commit {
            members.append(
                .init("properties", [["name": "commit", "value": .string(commit)]])
            )
        }
        return .object(members)
    }
}
