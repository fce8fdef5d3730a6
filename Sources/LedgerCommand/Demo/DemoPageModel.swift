import Console
import LedgerStack
import Wire

/// The words of the demo page.
struct DemoPageModel {
    let user: String
    let users: [String]
    let view: DemoBackend.View
    let withoutToken: Bool
    let configuration: DemoPage.Configuration

    private static let shownTokenCharacters = 6

    /// What the template is filled with.
    var content: [String: Any] {
        let history: [[String: Any]] = view.history.reversed().map { entry($0) }
        return [
            "user": user, "userInURL": HTTPCaller.encoded(user),
            "users": users.map { ["name": $0] },
            "withoutToken": withoutToken,
            "message": view.failure ?? "", "messageKind": view.failure == nil ? "info" : "bad",
            "title": title, "subtitle": subtitle,
            "status": status,
            "mode": view.user["next_mode"]?.text ?? "create",
            "versions": versions, "since": since, "accessToken": maskedToken,
            "sources": view.sources.map { source in
                [
                    "id": source["source"]?.text ?? "",
                    "name": source["sourceName"]?.text ?? source["source"]?.text ?? "",
                    "since": Self.shortTime(source["connectedSince"]?.text ?? ""),
                ]
            },
            "hasNoSources": view.sources.isEmpty,
            "history": history, "hasNoHistory": history.isEmpty,
            "sandboxURL": configuration.sandboxURL, "ledgerURL": configuration.ledgerURL,
        ]
    }

    private var isConnected: Bool { view.tokens != .null }

    /// In the ledger's word, unless there is nothing to be served yet.
    private var status: String {
        if view.failure != nil, view.user == .null { return "unknown" }
        return isConnected ? view.user["status"]?.text ?? "unknown" : "not connected"
    }

    private var title: String {
        isConnected ? "Your health data is connected" : "Connect your health data"
    }

    private var subtitle: String {
        isConnected
            ? "Add or remove sources at any time with the same button."
            : "Choose your devices, clinics and pharmacies; you can change them later."
    }

    private var versions: String {
        guard let versions = view.tokens["versions"], isConnected else { return "none" }
        return "access token \(Self.number(versions["access_token"])), "
            + "public token \(Self.number(versions["public_token"]))"
    }

    private var since: String {
        guard let times = view.tokens["issued_at"], isConnected else { return "–" }
        return [times["access_token"]?.text, times["public_token"]?.text].compactMap { $0 }.max()
            .map(Self.shortTime) ?? "–"
    }

    /// Enough to see that it changed, and not enough to use it.
    private var maskedToken: String {
        guard let token = view.tokens["access_token"]?.text else { return "–" }
        return "\(token.prefix(Self.shownTokenCharacters))… (\(token.count) characters)"
    }

    private func entry(_ entry: JSONValue) -> [String: Any] {
        let event = entry["event"] ?? .null
        let type = event["type"]?.text ?? ""
        let time = event["time"]?.text ?? ""
        return [
            "type": type, "position": Self.number(entry["position"]), "time": time,
            "shortTime": Self.shortTime(time),
            "sentence": EventSentence.text(type, event["data"] ?? .null) ?? type,
        ]
    }

    /// `2026-11-22T14:06:36.123456Z` as `2026-11-22 14:06:36`.
    private static func shortTime(_ time: String) -> String {
        String(time.prefix(19)).replacing("T", with: " ")
    }

    private static func number(_ json: JSONValue?) -> String {
        guard case .number(let spelling) = json else { return "" }
        return spelling
    }
}
