/// Which files a bundle has, and their names.
struct BundleLayout: Equatable {
    static let manifest = "manifest.json"
    static let manifestNote = "manifest.note"
    static let progress = "progress.json"
    static let checkpoint = "checkpoint"
    static let firstCheckpoint = "checkpoint.first"
    static let consistency = "consistency.json"
    static let page = "index.html"

    var hasCSV: Bool
    var hasProofs: Bool
    var hasIdentities: Bool
    var isGzipped: Bool
    var hasPage: Bool

    static let all: [BundleLayout] = (0..<32).map {
        BundleLayout(
            hasCSV: $0 & 1 != 0,
            hasProofs: $0 & 2 != 0,
            hasIdentities: $0 & 4 != 0,
            isGzipped: $0 & 8 != 0,
            hasPage: $0 & 16 != 0
        )
    }

    private var suffix: String { isGzipped ? ".gz" : "" }
    var events: String { "events.ndjson" + suffix }
    var csv: String { "events.csv" + suffix }
    var proofs: String { "proofs.ndjson" + suffix }
    var identities: String { "identities.ndjson" + suffix }

    /// What is written while events come in, beside the events themselves.
    var dataNames: [String] {
        [events] + (hasCSV ? [csv] : []) + (hasProofs ? [proofs] : [])
    }

    /// The files that the manifest lists, by name.
    var fileNames: [String] {
        (dataNames + (hasIdentities ? [identities] : []) + (hasPage ? [Self.page] : [])
            + [Self.checkpoint, Self.firstCheckpoint, Self.consistency]).sorted()
    }

    /// Everything that may stand in the folder of an unfinished bundle.
    var allNames: [String] {
        let names = fileNames + [Self.manifest, Self.manifestNote, Self.progress]
        return names + names.map(ExportProgress.newName)
    }
}
