import Wire

/// A package that the build of this program resolved.
struct ResolvedPackage {
    private let name: String
    private let location: String
    private let revision: String
    /// Nil where it was resolved to a commit that has no version.
    private let version: String?

    private static let depthMax = 8

    /// All of them, as SwiftPM wrote them down when it resolved them for this build.
    static var all: [ResolvedPackage] {
        get throws {
            let json = try JSONParser.parse(PackageResources.resolved_json, depthMax: depthMax)
            guard case .array(let pins) = json["pins"] else {
                preconditionFailure("The packages that were resolved are not in the program.")
            }
            return pins.map(ResolvedPackage.init)
        }
    }

    private init(_ pin: JSONValue) {
        guard let name = pin["identity"]?.text, let location = pin["location"]?.text,
            let revision = pin["state"]?["revision"]?.text
        else { preconditionFailure("A package was resolved in a form that is not known.") }
        self.name = name
        self.location = location
        self.revision = revision
        version = pin["state"]?["version"]?.text
    }

    /// The package as a component of the program, named by its package URL.
    var component: SoftwareBill.Component {
        let path = location.split(separator: "://").last.map(String.init) ?? location
        let place = path.hasSuffix(".git") ? String(path.dropLast(4)) : path
        let version = version ?? revision
        return SoftwareBill.Component(
            name: name,
            version: version,
            packageURL: "pkg:swift/\(place)@\(version)",
            source: location,
            commit: revision
        )
    }
}
