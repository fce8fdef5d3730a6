/// Variables that Kubernetes gives to every pod for every Service of its namespace.
///
/// A Service named `token-ledger`, or `token-ledger-db`, makes names that begin like our settings.
struct KubernetesVariables {
    /// The beginnings of the names, one for each Service.
    private let services: [String]

    /// Finds the Services that an environment tells of: each has its host and its port there.
    init(_ environment: [String: String]) {
        services = environment.keys.compactMap { name in
            guard name.hasSuffix(Self.host) else { return nil }
            let service = String(name.dropLast(Self.host.count))
            return environment[service + Self.port] == nil ? nil : service
        }
    }

    private static let host = "_SERVICE_HOST"
    private static let port = "_SERVICE_PORT"
    private static let protocols = ["tcp", "udp", "sctp"]

    /// Whether a variable was made for a Service.
    ///
    /// `…_PORT` is the one name that can also be a setting; there the value decides, which
    /// Kubernetes writes as a URL.
    func contain(_ name: String, _ value: String) -> Bool {
        services.contains { service in
            guard name.hasPrefix(service + "_") else { return false }
            let rest = name.dropFirst(service.count)
            if rest == Self.host || rest == Self.port || rest.hasPrefix(Self.port + "_") {
                return true
            }
            if rest == "_PORT" { return Self.protocols.contains { value.hasPrefix($0 + "://") } }
            return Self.isPort(rest)
        }
    }

    /// `_PORT_8080_TCP`, and the same with `_PROTO`, `_PORT` or `_ADDR` at its end.
    private static func isPort(_ name: Substring) -> Bool {
        let parts = name.split(separator: "_")
        guard parts.count == 3 || parts.count == 4, parts[0] == "PORT", UInt16(parts[1]) != nil,
            protocols.contains(parts[2].lowercased())
        else { return false }
        return parts.count == 3 || ["PROTO", "PORT", "ADDR"].contains(parts[3])
    }
}
