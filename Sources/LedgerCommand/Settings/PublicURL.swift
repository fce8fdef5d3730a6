import Ledger

/// The addresses under which others reach a server.
enum PublicURL {
    /// The origin that was set, in its usual spelling; nil when none was.
    ///
    /// - Throws: `CommandError` for what is no https origin that anybody could call, or http origin of
    ///   this machine.
    static func read(_ settings: Settings) throws -> String? {
        guard let text = try settings.text(.publicURL) else { return nil }
        do {
            let origin = try WebOrigin(text)
            let isLocal = origin.text.hasPrefix("http://") && LocalHost.isNamed(origin.host)
            guard origin.text.hasPrefix("https://") || isLocal else {
                throw WebOrigin.Flaw(
                    description: "it begins with https://, or with http:// on this machine"
                )
            }
            guard !isEveryAddress(origin.host) else {
                throw WebOrigin.Flaw(description: "nobody can call every address")
            }
            return origin.text
        } catch {
            throw CommandError(
                "\(Setting.publicURL.environmentName) is not such as https://ledger.example.com, "
                    + "without a path: \(error)."
            )
        }
    }

    /// The same for the service, whose `finish_url` begins with it; nil when none was set and where
    /// the service listens is good enough for this machine.
    ///
    /// - Throws: `CommandError` also when none was set although the service listens at every address,
    ///   of which none is one to call, or in the clear at one that others can call.
    static func read(
        _ settings: Settings,
        listeningAt host: String,
        isSecure: Bool
    ) throws -> String? {
        let url = try read(settings)
        guard url != nil || !isEveryAddress(host) else {
            throw CommandError(
                "\(host) means every address of this machine, and is none that a page could call: "
                    + "--public-url (\(Setting.publicURL.environmentName)) must say under which the "
                    + "service is reached, such as https://ledger.example.com."
            )
        }
        guard url != nil || isSecure || LocalHost.isNamed(host) else {
            throw CommandError(
                "At \(host) others than this machine reach the service, and without TLS: give it a "
                    + "certificate (\(Setting.tlsCertificateFile.environmentName)), or say with "
                    + "--public-url (\(Setting.publicURL.environmentName)) under which https:// a proxy "
                    + "is reached."
            )
        }
        return url
    }

    /// Where a person at the terminal finds a server of this machine.
    static func shown(_ host: String, _ port: Int) -> String {
        let near = isEveryAddress(host) ? "localhost" : host
        return "http://\(near.contains(":") ? "[\(near)]" : near):\(port)"
    }

    private static func isEveryAddress(_ host: String) -> Bool {
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return bare == "*" || IPAddress.asResolved(bare) == "0.0.0.0"
            || ["::", "::ffff:0.0.0.0"].contains(IPAddress.version6(bare))
    }
}
