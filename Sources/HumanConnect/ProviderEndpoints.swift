import Foundation
import Ledger

/// Where a provider is reached.
///
/// Configuration only: nothing in a request ever names a URL.
package struct ProviderEndpoints: Sendable, Codable, Equatable {
    /// A base URL is not absolute https, or http on this machine, or has user info, a query or a
    /// fragment.
    package struct Invalid: Error, Equatable, CustomStringConvertible {
        /// Which of the three it is: `connect`, `user` or `api`.
        package let name: String

        package init(name: String) {
            self.name = name
        }

        /// A sentence that is safe to show.
        package var description: String {
            "The provider's \(name) URL must be https:// with a host and without user name, query "
                + "or fragment; http:// only at localhost or a loopback address."
        }
    }

    /// The popup and `connect.js`.
    package let connect: String
    /// The tokens and publictokens endpoints.
    package let user: String
    /// The application API and the data.
    package let api: String

    /// Human API itself.
    package static let humanAPI = ProviderEndpoints(
        checkedConnect: "https://connect.humanapi.co",
        user: "https://user.humanapi.co",
        api: "https://api.humanapi.co"
    )

    /// Base URLs, each without its trailing slash afterwards.
    ///
    /// - Throws: `Invalid`, naming the first bad one.
    package init(connect: String, user: String, api: String) throws(Invalid) {
        self.init(
            checkedConnect: try Self.checked(connect, name: "connect"),
            user: try Self.checked(user, name: "user"),
            api: try Self.checked(api, name: "api")
        )
    }

    /// One base URL for all three, as the sandbox has it.
    ///
    /// - Throws: `Invalid`
    package init(all url: String) throws(Invalid) {
        try self.init(connect: url, user: url, api: url)
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            connect: values.decode(String.self, forKey: .connect),
            user: values.decode(String.self, forKey: .user),
            api: values.decode(String.self, forKey: .api)
        )
    }

    private init(checkedConnect: String, user: String, api: String) {
        connect = checkedConnect
        self.user = user
        self.api = api
    }

    private static func checked(_ text: String, name: String) throws(Invalid) -> String {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLComponents(string: text),
            parts.scheme == "https" || parts.scheme == "http",
            let host = parts.host, !host.isEmpty,
            // The client secret and the tokens go there.
            parts.scheme == "https" || LocalHost.isNamed(host),
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil,
            !text.contains("@")
        else { throw Invalid(name: name) }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
