internal import Foundation
internal import Wire

/// The evidence of a round that broke a promise, as a file for whoever looks for the reason.
enum CampaignStory {
    /// Writes it where temporary files are, and gives the path.
    static func save(_ story: String, fault: Fault, seed: UInt64) throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "campaign-\(fault.name)-\(seed)-\(UUID()).txt").path
        try story.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

extension Evidence {
    /// What was broken, what the clients saw, and both logs.
    ///
    /// All of it is invented, so values may stand in it.
    func story(of violations: [Violation]) -> String {
        var lines = violations.map(\.description)
        lines += ["", "Calls, by their end:"]
        lines += journal.map { entry in
            let times = "\(entry.begin / .seconds(1)) \(entry.end / .seconds(1))"
            return "\(times) \(entry.user): \(entry.call)"
        }
        for (name, records) in [("Facts", facts), ("Accesses", accesses)] {
            lines += ["", "\(name), by position:"]
            lines += records.enumerated().map { position, record in
                "\(position) \(String(decoding: record.encoded, as: UTF8.self))"
            }
        }
        lines += ["", "The provider's exchanges:"]
        lines += exchanges.map { "\($0.session) acted: \($0.acted)" }
        lines += ["", "The provider's users:"]
        lines += providerUsers.map { "\($0.key): \($0.value)" }.sorted()
        for text in texts { lines += ["", "\(text.name):", text.text] }
        return lines.joined(separator: "\n") + "\n"
    }
}
