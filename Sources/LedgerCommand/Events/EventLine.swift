import Console
import Wire

/// How an event is shown, on a line of its own.
enum EventLine {
    private static let jsonDepthMax = 16

    /// As the service sent it.
    static func json(_ data: String) -> String {
        // Only what the service did not write has line ends.
        data.replacing("\n", with: " ")
    }

    /// For people: when, where (the log before the position, where that is not the first), what, about whom, and in
    /// other words.
    static func text(_ data: String) -> String {
        guard let entry = try? JSONParser.parse(Array(data.utf8), depthMax: jsonDepthMax),
            let event = entry["event"], case .number(let position)? = entry["position"]
        else { return "not readable: " + printable(data) }
        let type = event["type"]?.text ?? ""
        let content = event["data"] ?? .null
        let place = (entry["log"]?.text).map { "\($0):\(position)" } ?? position
        var parts = [
            event["time"]?.text ?? "", place, type, event["subject"]?.text ?? "-",
            EventSentence.text(type, content) ?? String(decoding: content.encoded, as: UTF8.self),
        ]
        if entry["forged"] != nil { parts.append("FORGED: the service did not write this.") }
        return printable(parts.joined(separator: "  "))
    }

    /// What a terminal would take for a command is none.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
                }
            )
        )
    }
}
