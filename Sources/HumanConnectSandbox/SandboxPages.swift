import HTMLPages
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// The sandbox's two pages, rendered from their templates.
struct SandboxPages: Sendable {
    private let templates = HTMLTemplates([
        "popup": PackageResources.popup_mustache, "sandbox": PackageResources.sandbox_mustache,
    ])

    func popup(
        _ session: SandboxSession,
        connected: [String],
        appName: String,
        isModal: Bool
    ) -> Response {
        let isEdit = session.mode == .edit
        let sources = SandboxSource.all.map { source -> [String: Any] in
            let isConnected = connected.contains(source.id)
            return [
                "id": source.id, "name": source.name, "kind": source.kind,
                "connected": String(isConnected),
                "action": isConnected ? "disconnect" : "connect",
                "label": isConnected ? "Disconnect" : "Connect",
            ]
        }
        return html(
            Self.ownPolicy,
            templates.html(
                "popup",
                [
                    "session": session.token, "mode": session.mode.rawValue, "modal": isModal,
                    "closeURL": session.redirects.close ?? "", "errorJSON": "", "failed": false,
                    "title": isEdit ? "Your connected sources" : "Connect your health data",
                    "subtitle": "\(appName) · \(session.clientUserID)",
                    "status": isEdit ? "Change your sources, then press Done." : "Choose a source.",
                    "sources": sources,
                ] as [String: Any]
            )
        )
    }

    /// The page for a popup that does not open; its script sends `hapi-connect-error`.
    func refusal(_ refusal: SandboxRefusal, closeURL: String?, isModal: Bool) -> Response {
        html(
            Self.ownPolicy,
            templates.html(
                "popup",
                [
                    "session": "", "mode": "", "modal": isModal, "closeURL": closeURL ?? "",
                    "errorJSON": String(decoding: refusal.json.encoded, as: UTF8.self),
                    "failed": true, "title": "Human Connect cannot be opened",
                    "subtitle": "", "message": refusal.message, "detail": refusal.detailedMessage,
                    "code": refusal.code,
                ] as [String: Any]
            )
        )
    }

    func sandbox(_ state: SandboxState, base: String) -> Response {
        let choices = SandboxChoice.all.enumerated().map { index, choice in
            [
                "number": String(index + 1), "question": choice.question,
                "choice": choice.choice,
            ]
        }
        return html(
            Self.ownPolicy + "; frame-ancestors 'none'",
            templates.html(
                "sandbox",
                [
                    "base": base,
                    "apps": state.apps.values.sorted { $0.name < $1.name }.map {
                        ["name": $0.name, "clientID": $0.clientID]
                    },
                    "sources": SandboxSource.all.map {
                        ["id": $0.id, "name": $0.name, "kind": $0.kind]
                    },
                    "behaviours": SandboxBehaviour.allCases.map {
                        ["name": $0.rawValue, "meaning": $0.meaning]
                    },
                    "switches": state.switches.list.map {
                        [
                            "name": $0.name, "meaning": $0.meaning,
                            "value": String(decoding: $0.value.encoded, as: UTF8.self),
                        ]
                    },
                    "choices": choices,
                ] as [String: Any]
            )
        )
    }

    /// Everything comes from the sandbox itself, and nothing goes elsewhere.
    ///
    /// Any page may frame the popup: that is how it is opened.
    private static let ownPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        connect-src 'self'; form-action 'none'; base-uri 'none'
        """

    private func html(_ policy: String, _ text: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy,
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
