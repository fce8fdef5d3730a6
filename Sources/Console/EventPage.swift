internal import Ledger
package import MerkleLog
internal import Wire

/// One event: its bytes, what they say, and the way to the signed root.
package struct EventPage: ConsolePage {
    /// A member of the record.
    package struct Member: Sendable {
        let name: String
        let value: String
        let path: String?
        let hasPath: Bool

        init(_ name: String, _ value: String, path: String? = nil) {
            self.name = name
            self.value = value
            self.path = path
            hasPath = path != nil
        }
    }

    /// The proof that a log holds the event.
    package struct Proof: Sendable {
        /// A step on the way from the leaf to the root.
        struct Step: Sendable {
            let number: Int
            /// On which side the neighbour stands.
            let side: String
            let neighbour: String
            let result: String
        }

        let position: Int64
        let size: Int64
        let leaf: String
        let root: String
        let note: String
        let steps: [Step]
        let hasSteps: Bool
        /// For the script, with blanks between.
        let hashes: String
        /// The log's key, as the server says.
        let key: String

        /// - Parameters:
        ///   - bytes: the record.
        ///   - position: where it stands.
        ///   - hashes: the inclusion proof.
        ///   - checkpoint: size, root and note of the checkpoint.
        ///   - key: the verifier key of the log.
        package init(
            _ bytes: [UInt8],
            at position: Int64,
            hashes: [MerkleHash],
            checkpoint: (size: Int64, root: MerkleHash, note: String),
            key: String
        ) {
            self.position = position
            size = checkpoint.size
            leaf = MerkleHash(leaf: bytes).description
            root = checkpoint.root.description
            note = checkpoint.note
            self.key = key
            steps = Self.steps(MerkleHash(leaf: bytes), position, checkpoint.size, hashes)
            hasSteps = !steps.isEmpty
            self.hashes = hashes.map(\.description).joined(separator: " ")
        }

        /// The way up, as RFC 9162, section 2.1.3.2, goes it.
        private static func steps(
            _ leaf: MerkleHash,
            _ position: Int64,
            _ size: Int64,
            _ hashes: [MerkleHash]
        ) -> [Step] {
            var (place, last, hash) = (position, size - 1, leaf)
            var steps: [Step] = []
            for (index, neighbour) in hashes.enumerated() {
                let isLeft = place & 1 == 1 || place == last
                hash = isLeft ? MerkleHash(neighbour, hash) : MerkleHash(hash, neighbour)
                while isLeft, place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
                steps.append(
                    Step(
                        number: index + 1,
                        side: isLeft ? "left" : "right",
                        neighbour: neighbour.description,
                        result: hash.description
                    )
                )
                place >>= 1
                last >>= 1
            }
            return steps
        }
    }

    package let template = PageTemplate.event
    package let title: String
    let row: EventRow
    let log: String
    let members: [Member]
    let data: [Member]
    let hasData: Bool
    let byteCount: Int
    /// For the script: the very bytes.
    let base64: String
    let proof: Proof?
    let hasProof: Bool
    let earlierPath: String?
    let laterPath: String?
    let copy: CopyLines

    /// - Parameters:
    ///   - placed: the event.
    ///   - proof: nil while no checkpoint covers it.
    ///   - neighbours: the positions of the next events of its app before and after it, nil where there is none
    ///     so near.
    ///   - url: under which callers reach the service.
    package init(
        _ placed: PlacedRecord,
        proof: Proof?,
        neighbours: (before: Int64?, after: Int64?),
        url: String
    ) {
        let (position, log) = (placed.position, placed.log)
        title = "Event \(position) of \(log.name)"
        row = EventRow(placed)
        self.log = log.name
        members = Self.members(placed)
        data = (placed.json["data"]?.members ?? []).map {
            Member($0.name, Self.text($0.value), path: Self.path($0.name, $0.value))
        }
        hasData = !data.isEmpty
        byteCount = placed.bytes.count
        base64 = Base64.standard.encode(placed.bytes)
        self.proof = proof
        hasProof = proof != nil
        earlierPath = neighbours.before.map { PlacedRecord.path($0, log) }
        laterPath = neighbours.after.map { PlacedRecord.path($0, log) }
        copy = CopyLines(
            url: "\(url)/v1/events/\(position)/proof" + (log == .facts ? "" : "?log=\(log.name)"),
            command: "export --log \(log.ownName) --from-position \(position) "
                + "--until-position \(position + 1)"
        )
    }

    private static func members(_ placed: PlacedRecord) -> [Member] {
        (placed.json.members ?? []).filter { $0.name != "data" }.map { member in
            let text = text(member.value)
            let path = member.name == "subject" ? "/console/users/\(text)" : nil
            return Member(member.name, text, path: placed.record == nil ? nil : path)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        value.text ?? String(decoding: value.encoded, as: UTF8.self)
    }

    /// Launches and finalizes are named after their events.
    private static func path(_ name: String, _ value: JSONValue) -> String? {
        guard ["launch", "finalize", "cause"].contains(name), let id = value.text,
            Identifier(id) != nil
        else { return nil }
        return "/console/events/by-id/\(id)"
    }
}
