internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import Vault

/// The cookie that holds a session of the console.
struct ConsoleCookie: Sendable {
    private let name: String
    private let attributes: String

    /// `isSecure` where people reach the service over TLS: then the cookie leaves over TLS alone, and no
    /// other host of the domain can put one in its place (the prefix `__Host-`).
    init(isSecure: Bool) {
        name = (isSecure ? "__Host-" : "") + "token-ledger-console"
        attributes = "; Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// The session of a request, whether it has ended or not; nil unless we made its cookie.
    func session(of request: Request, _ vault: Vault) -> ConsoleSession? {
        request.cookies[name].flatMap { vault.session(ofCookie: $0.value) }
    }

    /// What a browser is told to keep.
    func kept(_ value: Secret, seconds: Int64) -> String {
        "\(name)=\(value.exposed)\(attributes); Max-Age=\(seconds)"
    }

    /// What makes a browser forget.
    var forgotten: String { "\(name)=\(attributes); Max-Age=0" }
}
