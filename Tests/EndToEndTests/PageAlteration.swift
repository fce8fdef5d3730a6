/// A file of a bundle's page that somebody altered.
struct PageAlteration {
    let file: String
    /// A term of Python for the new content, over the content `c` and its lines `l`.
    let change: String
    /// What the page says of it, among other things.
    let words: String

    private init(_ file: String, _ change: String, _ words: String) {
        self.file = file
        self.change = change
        self.words = words
    }

    private static let otherByte = "c.replace(b'launch', b'lauNch', 1)"
    private static let otherOrder = "b''.join(l[i] for i in [1, 0, *range(2, len(l))])"
    private static let otherSignature = "c[:-6] + b'AAAA' + c[-2:]"

    /// Of a bundle of the whole log, with identities.
    static let ofLog = [
        Self("events.ndjson", otherByte, "events.ndjson: it is not the file that was signed"),
        Self("events.ndjson", otherByte, "another root than the one that was signed"),
        Self("events.ndjson", otherOrder, "another root than the one that was signed"),
        Self("events.ndjson", otherOrder, "what differs is among the first"),
        Self("events.ndjson", "b''.join(l[:3] + l[4:])", "events, not the"),
        Self("events.ndjson", "c[:-1]", "the last line has no end"),
        Self("events.ndjson", "c.replace(b'{', b'[', 1)", "line 1, position 0: it is no record"),
        Self(
            "history.ndjson",
            "c.replace(b'connected', b'reconnect', 1)",
            "history.ndjson: it is not"
        ),
        Self(
            "identities.ndjson",
            "c.replace(b'reader', b'writer', 1)",
            "identities.ndjson: it is not"
        ),
        Self("checkpoint", otherSignature, "checkpoint: The signature of the note is forged"),
        Self(
            "checkpoint",
            #"c[:c.index('\u2014'.encode())]"#,
            "checkpoint: The key has not signed"
        ),
        Self("checkpoint.first", otherSignature, "checkpoint.first: The signature of the note is"),
        Self("manifest.note", otherSignature, "manifest.note: The signature of the note is forged"),
        Self(
            "manifest.json",
            "c.replace(b'auditor', b'nobody!', 1)",
            "manifest.note: It is of another manifest"
        ),
        Self(
            "manifest.json",
            #"c.replace(b'"verifier_key":"token', b'"verifier_key":"taken', 1)"#,
            "another log"
        ),
        Self(
            "consistency.json",
            #"c.replace(b'[', b'["' + b'A' * 43 + b'=",', 1)"#,
            "consistency.json: "
        ),
    ]

    /// Of a bundle of one user's events.
    static let ofUser = [
        Self("events.ndjson", otherByte, "its bytes and its proof do not lead to the root"),
        Self("events.ndjson", otherOrder, "events.ndjson, line 1, position"),
        Self("events.ndjson", "b''.join(l[:2] + l[3:])", "events of the user are missing"),
        Self("events.ndjson", "b''.join(l[1:])", "line 1, position"),
        Self(
            "proofs.ndjson",
            #"c.replace(b'["', b'["B', 1)"#,
            "it has no readable proof"
        ),
        Self("proofs.ndjson", otherOrder, "do not lead to the root that was signed"),
        Self("proofs.ndjson", otherOrder, "it is out of order"),
    ]
}
