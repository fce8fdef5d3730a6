import Foundation
import HTTPTypes
import Wire

/// A popup played without a browser: who opens it, what is pressed, and how it ends.
struct PopupScript: Sendable {
    let clientUserID: String
    let clientID: String?
    let publicToken: String?
    let connect: [String]
    let disconnect: [String]
    /// Done at the end, otherwise close.
    let done: Bool

    init(_ fields: RequestFields) throws(SandboxRefusal) {
        clientUserID = try fields.required("client_user_id")
        clientID = try fields.optional("client_id")
        publicToken = try fields.optional("public_token")
        connect = try fields.list("connect")
        disconnect = try fields.list("disconnect")
        for source in connect + disconnect { _ = try SandboxSource.named(source) }
        switch fields["done"] {
        case nil, .null: done = true
        case .bool(let value): done = value
        default: throw .invalid("done must be true or false")
        }
    }

    private func launch(in state: SandboxState) throws(SandboxRefusal) -> PopupLaunch {
        let appID: String
        if let clientID { appID = clientID } else { appID = try state.onlyApp().clientID }
        return PopupLaunch(
            clientID: appID,
            clientUserID: clientUserID,
            publicToken: publicToken,
            sessionToken: nil,
            redirects: try SandboxRedirects(spelling: .camel, finish: nil, close: nil)
        )
    }

    /// A popup that does not open is 409, whatever the reason it shows.
    private func open(
        in state: inout SandboxState,
        now: Date
    ) throws(SandboxRefusal) -> SandboxSession {
        let launch = try launch(in: state)
        do {
            return try state.open(launch, now: now)
        } catch {
            throw SandboxRefusal(.conflict, error.code, error.message, error.detailedMessage)
        }
    }

    /// Opens the popup, presses the buttons and gives what the page would hear last: the
    /// sessionTokenObject, or `{"closed": true}`.
    func play(
        in state: inout SandboxState,
        now: Date
    ) throws(SandboxRefusal) -> JSONValue {
        let session = try open(in: &state, now: now)
        var finished: SandboxSession?
        for source in connect {
            finished = try state.connect(source, in: session.token, now: now) ?? finished
        }
        for source in disconnect {
            try state.disconnect(source, in: session.token, now: now)
        }
        if done {
            if case .finished(let last) = try state.finish(session.token, now: now) {
                finished = last
            }
        } else {
            _ = try state.close(session.token, now: now)
        }
        guard let finished else { return ["closed": true] }
        return FinishWording(state).sessionTokenObject(finished)
    }
}
