/// The addresses under which others reach a server.
enum PublicURL {
    /// The origin that was set, in its usual spelling; nil when none was.
    ///
    /// - Throws: `CommandError` for what is no http or https origin that anybody could call.
    static func read(_ settings: Settings) throws -> String? {
        guard let text = try settings.text(.publicURL) else { return nil }
        do {
            let origin = try WebOrigin(text)
            guard origin.text.hasPrefix("https://") || origin.text.hasPrefix("http://") else {
                throw WebOrigin.Flaw(description: "it begins with https:// or http://")
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
    ///   of which none is one to call.
    static func read(_ settings: Settings, listeningAt host: String) throws -> String? {
        let url = try read(settings)
        guard url != nil || !isEveryAddress(host) else {
            throw CommandError(
                "\(host) means every address of this machine, and is none that a page could call: "
                    + "--public-url (\(Setting.publicURL.environmentName)) must say under which the "
                    + "service is reached, such as https://ledger.example.com."
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
