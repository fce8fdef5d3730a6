import Wire

/// Where a popup without a frame sends the browser when it ends
/// (docs/provider.md#mobile-and-embedded-launches).
struct SandboxRedirects: Codable, Sendable, Equatable {
    /// The path decides how the finish parameters are spelled.
    enum Spelling: String, Codable, Sendable {
        /// `/`: `humanId`, `sessionToken`.
        case camel
        /// `/embed`: `human_id`, `session_token`, `client_id`.
        case snake
    }

    var spelling: Spelling
    var finish: String?
    var close: String?

    init(spelling: Spelling, finish: String?, close: String?) throws(SandboxRefusal) {
        self.spelling = spelling
        self.finish = try Self.checked(finish)
        self.close = try Self.checked(close)
    }

    /// The finish URL with its parameters.
    ///
    /// They hold no `=`, `&` or `%`, for the mobile SDKs' parsers would break on them.
    func finish(humanID: String, sessionToken: String, clientID: String) -> String? {
        guard let finish else { return nil }
        let query =
            switch spelling {
            case .camel: "humanId=\(humanID)&sessionToken=\(sessionToken)"
            case .snake:
                "human_id=\(humanID)&session_token=\(sessionToken)"
                    + "&client_id=\(PercentCoding.encode(clientID, keeping: .unreserved))"
            }
        return finish + (finish.contains("?") ? "&" : "?") + query
    }

    /// Apps use schemes of their own, so only those are refused that would run as a script.
    private static func checked(_ url: String?) throws(SandboxRefusal) -> String? {
        guard let url, !url.isEmpty else { return nil }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard url.utf8.count <= SandboxLimits.urlBytesMax, url.contains("://"),
            scheme.utf8.allSatisfy({ isSchemeByte($0) }),
            !["javascript", "data", "vbscript", "blob", "file"].contains(scheme)
        else { throw .invalid("finish_url and close_url must be absolute URLs") }
        return url
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "a"..."z", "0"..."9", "+", "-", ".": true
        default: false
        }
    }
}
