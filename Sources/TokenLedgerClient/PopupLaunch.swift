internal import BoundedClient
internal import Wire

/// A launch: what a page needs to open the popup.
public struct PopupLaunch: Sendable {
    /// How the popup is opened.
    public enum Mode: String, Sendable {
        /// For a user without a public token.
        case create
        /// For a user with one.
        case edit
    }

    /// Who posts what the popup hands over.
    public enum Finish: String, Sendable {
        /// Your backend, by `relayFinish`.
        case relay
        /// The page itself, to the launch's own address.
        case direct
    }

    /// The launch's id; `relayFinish` and `confirm` take it.
    public let id: String
    /// How the popup is opened.
    public let mode: Mode
    /// Until when the popup may be opened (RFC 3339, UTC).
    public let expiresAt: String
    /// Whether the provider may know the user already, and nobody can ask.
    public let mayExist: Bool
    /// The answer as it came, in JSON, for the user's own page.
    ///
    /// The button takes it so, and its `options` go to `HumanConnect.open()`. It holds the public token, and for a direct launch the address that
    /// takes the finish: a secret of this page.
    public let body: [UInt8]

    init(_ answer: HTTPAnswer) throws(LedgerClientError) {
        let json = try LedgerClient.json(answer)
        guard let id = json["launch_id"]?.text, let expiry = json["expires_at"]?.text,
            let mode = json["mode"]?.text.flatMap(Mode.init), json["options"]?.members != nil
        else { throw .foreignAnswer(status: answer.status) }
        self.id = id
        self.mode = mode
        expiresAt = expiry
        mayExist = json["caution"]?.text == "user_may_exist"
        body = answer.body
    }
}

extension PopupLaunch: CustomStringConvertible, CustomReflectable {
    /// Which launch it is, without its secrets.
    public var description: String { "launch \(id) (\(mode.rawValue))" }
    /// Nothing that is secret.
    public var customMirror: Mirror { Mirror(self, children: ["id": id, "mode": mode]) }
}
