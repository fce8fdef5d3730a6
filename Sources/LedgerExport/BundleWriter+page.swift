internal import MerkleLog

extension BundleWriter {
    /// Writes the page that opens in a browser: the bundle's files, and a list of them that the log
    /// signs.
    ///
    /// The list is another one than the manifest, which names the page itself.
    func write(
        _ page: (BundlePage.Content) throws -> BundlePage,
        sign: (String) throws -> SignedNote
    ) throws {
        let hasEvents = try hasRoomForEvents()
        let page = try page(.init(manifest: manifest(files: []), hasEvents: hasEvents))
        let file = try PageFile(in: folder)
        try file.append(page.head)
        try file.add(BundleLayout.checkpoint, plan.checkpoint.bytes)
        try file.add(BundleLayout.firstCheckpoint, plan.firstCheckpoint.bytes)
        try file.add(BundleLayout.consistency, plan.consistency.bundleBytes)
        if hasEvents {
            for (plain, name) in zip(plan.layout.shownNames, plan.layout.shownNamesOnDisk) {
                let content = try content(name)
                try file.add(plain) { try content.next() }
            }
            try addHistory(to: file, page)
        }
        let list = manifest(files: file.files).encoded(as: BundleManifest.pageFormat)
        let text = BundleManifest.noteText(list, format: BundleManifest.pageFormat)
        try file.add(BundleLayout.manifest, isListed: false, list)
        try file.add(BundleLayout.manifestNote, isListed: false, try sign(text).bytes)
        try file.append(page.foot)
        try file.finish()
    }

    private func content(_ name: String) throws(BundleError) -> ContentFile {
        try ContentFile(folder.file(name), isGzipped: plan.isGzipped)
    }

    /// Whether a browser can hold all of it.
    private func hasRoomForEvents() throws(BundleError) -> Bool {
        guard events <= ExportLimits.shownEventsMax else { return false }
        var bytes: Int64 = 0
        for name in plan.layout.shownNamesOnDisk {
            let content = try content(name)
            while true {
                let piece = try content.next()
                if piece.isEmpty { break }
                bytes += Int64(piece.count)
                guard bytes <= ExportLimits.shownBytesMax else { return false }
            }
        }
        return true
    }

    /// Adds what is told of each event.
    private func addHistory(to file: PageFile, _ page: BundlePage) throws {
        let name = plan.layout.events
        let lines = try LineFile(folder.file(name), isGzipped: plan.isGzipped)
        try file.add(BundlePage.history) {
            guard let events = try lines.next() else { return [] }
            var told: [UInt8] = []
            for line in events.ranges {
                told += page.telling(Array(events.bytes[line]))
                told.append(UInt8(ascii: "\n"))
            }
            return told
        }
    }
}

extension BundleLayout {
    /// The files that the page holds, as they are called without compression.
    fileprivate var shownNames: [String] {
        var plain = self
        plain.isGzipped = false
        return plain.shownNamesOnDisk
    }

    /// The table has nothing that the events do not have.
    fileprivate var shownNamesOnDisk: [String] {
        [events] + (hasProofs ? [proofs] : []) + (hasIdentities ? [identities] : [])
    }
}
