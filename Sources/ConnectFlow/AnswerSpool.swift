internal import DurableFiles
internal import Foundation
package import Ledger

/// A folder that keeps the provider's answers while the database is away (docs/threats.md#f33).
///
/// One file for each finalize, sealed under the user's own key, readable by its owner alone. Each copy
/// of the service has a folder of its own; what two of them record twice is recorded once.
package struct AnswerSpool: Sendable {
    /// An answer that waits.
    struct Entry: Sendable {
        let finalize: Identifier
        /// Since when.
        let since: Timestamp
    }

    private let folder: String

    /// A folder at this path; made when it is missing, for its owner alone.
    ///
    /// Throws when nothing can be written there: that must not be noticed with an answer in hand.
    package init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let probe = folder + "/probe-\(UUID())"
        try DurableFile.replace(probe, with: [], readers: .owner)
        try FileManager.default.removeItem(atPath: probe)
    }

    /// Keeps an answer; it outlasts a loss of power when this returns.
    func keep(_ sealed: [UInt8], of finalize: Identifier) throws(FileError) {
        // One that is there is the same answer, and tells since when it waits.
        guard !FileManager.default.fileExists(atPath: path(finalize)) else { return }
        try DurableFile.replace(path(finalize), with: sealed, readers: .owner)
    }

    /// Forgets an answer that is recorded.
    func remove(_ finalize: Identifier) {
        try? FileManager.default.removeItem(atPath: path(finalize))
    }

    /// Keeps an answer out of the way that nobody can record: it stays in the folder, and whoever
    /// finds its database may give it its name back.
    func setAside(_ finalize: Identifier) {
        try? FileManager.default.moveItem(
            atPath: path(finalize),
            toPath: path(finalize) + ".aside"
        )
    }

    /// The answers that wait, those that wait longest first.
    func entries() throws -> [Entry] { try Self.entries(in: folder) }

    private static func entries(in folder: String) throws -> [Entry] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .compactMap { name -> Entry? in
                guard name.hasSuffix(suffix),
                    let finalize = Identifier(name.dropLast(suffix.count)),
                    let attributes = try? FileManager.default.attributesOfItem(
                        atPath: folder + "/" + name
                    ),
                    let since = attributes[.modificationDate] as? Date
                else { return nil }
                return Entry(
                    finalize: finalize,
                    since: Timestamp(microseconds: Int64(since.timeIntervalSince1970 * 1_000_000))
                )
            }
            .sorted { $0.since < $1.since }
    }

    /// How many answers wait, and for how many seconds the oldest one has; 0 when none does.
    package func waiting(at now: Timestamp) throws -> (count: Int, seconds: Int64) {
        try Self.waiting(in: folder, at: now)
    }

    /// The same of a folder that is only looked at; nothing is made or written.
    package static func waiting(
        in folder: String,
        at now: Timestamp
    ) throws -> (count: Int, seconds: Int64) {
        let entries = try entries(in: folder)
        let since = entries.first?.since ?? now
        return (entries.count, max(0, (now.microseconds - since.microseconds) / 1_000_000))
    }

    /// What is kept of a finalize; nil once it was removed.
    func read(_ finalize: Identifier) -> [UInt8]? {
        (try? Data(contentsOf: URL(fileURLWithPath: path(finalize)))).map(Array.init)
    }

    private static let suffix = ".answer"

    private func path(_ finalize: Identifier) -> String {
        "\(folder)/\(finalize)\(Self.suffix)"
    }
}
