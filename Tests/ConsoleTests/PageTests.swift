@testable import Console
@testable import HTMLPages
import Ledger
import MerkleLog
import Testing

@Suite("pages") struct PageTests {
    private let pages = ConsolePages()
    private static let frame = PageFrame(
        PageFrame.Session(
            appName: "An app",
            keyID: "0123456789ab",
            isSandbox: true,
            formToken: "the-form-token",
            places: [PageFrame.Place(name: "Users", path: "/console/users", isHere: true)]
        )
    )

    @Test("a user's id is text, whatever stands in it")
    func hostileID() {
        let hostile = [
            "<script>alert(1)</script>", "\"\u{301} onfocus=alert(1) autofocus x=\"",
            "'\u{200D}><img src=x onerror=alert(1)>", "{{formToken}}", "&lt;b&gt;", "a\u{202E}b",
        ]
        for id in hostile {
            let page = UserListPage(
                rows: [
                    UserListPage.Row(
                        subject: "\(Identifier(value: 1))",
                        clientUserID: id,
                        status: "connected",
                        versions: (1, 2),
                        since: nil,
                        openFinalizes: 0
                    )
                ],
                status: nil,
                statuses: [],
                next: nil,
                copy: CopyLines(url: "http://127.0.0.1/v1/users", command: nil)
            )
            let html = pages.html(page, in: Self.frame)
            #expect(html.contains(HTMLText().escapeText(id)))
            #expect(!html.utf8.contains(id.utf8) || id == "{{formToken}}" || id.hasPrefix("a"))
            #expect(html.matches(of: /<script/).count == 1 && !html.contains("<img"))
            #expect(!html.contains(/<[^>]* onfocus=/))
        }
    }

    @Test(
        "names on a note are called that, and are those of the last checkpoint, whichever page is shown"
    )
    func witnesses() {
        func row(_ size: Int64, _ root: String?, _ names: [String]) -> EvidencePage.Row {
            EvidencePage.Row(
                size: size,
                publishedAt: Timestamp(microseconds: 1_769_860_800_000_000),
                root: root,
                witnesses: names
            )
        }
        func html(_ rows: [EvidencePage.Row], last: EvidencePage.Row?) -> String {
            pages.html(
                EvidencePage(
                    log: .facts,
                    logs: .one,
                    key: "demo+00000000+AA",
                    rows: rows,
                    last: last,
                    next: nil,
                    asked: nil,
                    consistency: nil,
                    note: nil,
                    url: "http://127.0.0.1:8080"
                ),
                in: Self.frame
            )
        }
        let (old, last) = (row(7, nil, ["old.example"]), row(9, "cm9vdA==", ["new.example"]))
        let older = html([old], last: last)
        #expect(older.contains("names on the note, not checked here"))
        #expect(older.contains("<li><code>new.example</code></li>"))
        #expect(!older.contains("<li><code>old.example</code></li>"))
        // In the list each checkpoint has its own, and says what is not the log's.
        #expect(older.contains("<td>old.example</td>") && older.contains("not signed by the log"))
        #expect(older.contains("Witnesses, not checked here"))
        let alone = html([last], last: nil)
        #expect(alone.contains("None: the note names nobody outside"))
    }

    @Test("what nobody has signed in for has no navigation, no box and no form of a session")
    func openPages() {
        let html = pages.html(SignInPage(target: "/console/log?type=a&log=b", hours: 8), in: .open)
        #expect(!html.contains("role=\"search\"") && !html.contains("name=\"form\""))
        #expect(html.contains("value=\"/console/log?type=a&amp;log=b\""))
        let inside = pages.html(
            NoticePage(title: "t", sentence: "s", code: "c", requestID: "r"),
            in: Self.frame
        )
        #expect(inside.contains("aria-current=\"page\"") && inside.contains("Sandbox"))
    }

    @Test("the steps of a proof lead from the leaf to the root, at every place of every small tree")
    func proofSteps() throws {
        for size in 1...40 {
            let records = (0..<size).map { Array("record \($0)".utf8) }
            let leaves = records.map { MerkleHash(leaf: $0) }
            for position in 0..<size {
                let proof = EventPage.Proof(
                    records[position],
                    at: Int64(position),
                    hashes: Self.path(position, leaves[...]),
                    checkpoint: (Int64(size), Self.root(leaves[...]), "note"),
                    key: "key"
                )
                let root = Self.root(leaves[...]).description
                #expect((proof.steps.last?.result ?? proof.leaf) == root, "\(position) of \(size)")
            }
        }
    }

    /// RFC 6962, section 2.1, by its words.
    private static func root(_ leaves: ArraySlice<MerkleHash>) -> MerkleHash {
        guard leaves.count > 1 else { return leaves[leaves.startIndex] }
        let middle = leaves.startIndex + split(leaves.count)
        return MerkleHash(root(leaves[..<middle]), root(leaves[middle...]))
    }

    private static func path(_ index: Int, _ leaves: ArraySlice<MerkleHash>) -> [MerkleHash] {
        guard leaves.count > 1 else { return [] }
        let count = split(leaves.count)
        let middle = leaves.startIndex + count
        return index < count
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index - count, leaves[middle...]) + [root(leaves[..<middle])]
    }

    private static func split(_ count: Int) -> Int {
        var split = 1
        while split * 2 < count { split *= 2 }
        return split
    }

    @Test("what was asked of the log stands in every link and copy again, and a plus as itself")
    func logConditions() {
        let asked = LogPage.Asked(
            log: .access,
            types: "token.read,log.followed",
            subject: nil,
            since: "2026-01-31T12:00:00+01:00",
            until: nil,
            before: nil
        )
        let page = LogPage([], asked: asked, logs: .one, next: 7, end: 9, url: "http://127.0.0.1:1")
        let query =
            "log=access&type=token.read%2Clog.followed&since=2026-01-31T12%3A00%3A00%2B01%3A00"
        #expect(page.olderPath == "/console/log?\(query)&before=7")
        #expect(page.tailPath == "/console/tail?\(query)&from_position=9")
        #expect(page.copy.curl?.contains("'http://127.0.0.1:1/v1/events?\(query)'") == true)
        #expect(
            page.copy.command == "token-ledger events tail --url http://127.0.0.1:1 "
                + "--key-file KEY-FILE --from 0 --log access --type token.read --type log.followed "
                + "--since 2026-01-31T12:00:00+01:00"
        )
    }

    @Test("looks at a page one after the other are one entry, and hide no reading")
    func accesses() {
        func access(_ position: Int64, _ event: LedgerEvent, by actor: String) -> PlacedRecord {
            let record = Record(
                id: Identifier(value: UInt128(position)),
                clientID: "demo",
                subject: Identifier(value: 1),
                time: Timestamp(microseconds: position),
                subjectVersion: nil,
                context: RecordContext(actor: actor),
                event: event
            )
            return PlacedRecord(
                log: .access,
                position: position,
                bytes: record.encoded(),
                record: record
            )
        }
        let read = LedgerEvent.tokenRead(kind: .accessToken, version: 1, key: "k")
        let list = UserPage.Access.list([
            access(9, .userViewed, by: "key:a"), access(8, .userViewed, by: "key:a"),
            access(7, .userViewed, by: "key:b"), access(6, read, by: "key:b"),
            access(5, read, by: "key:b"), access(4, .userViewed, by: "key:b"),
            PlacedRecord(log: .access, position: 3, bytes: [], record: nil),
            access(2, .userViewed, by: "key:b"),
        ])
        #expect(list.map(\.row.position) == [9, 7, 6, 5, 4, 3, 2])
        #expect(list.map(\.count) == [2, 1, 1, 1, 1, 1, 1])
        #expect(list.map(\.isRepeated) == [true] + Array(repeating: false, count: 6))
    }

    @Test("a plot's bars are its counts: nothing is none, and one is seen beside a million")
    func plot() {
        let hours = (0..<3).map { ShownTime(Timestamp(microseconds: $0 * 3_600_000_000)) }
        let plot = Plot("Failures", counts: [0, 1, 1_000_000], hours: hours, note: "since then")
        #expect(plot.bars.map(\.height) == [0, 2, 60])
        #expect(plot.bars.map { $0.y + $0.height } == [60, 60, 60])
        #expect(plot.bars[1].label == "1970-01-01 01:00:00 UTC: 1")
        #expect(plot.total == 1_000_001 && plot.summary.contains("1000001 since then"))
        #expect(
            Plot("x", counts: [0, 0, 0], hours: hours, note: "").bars.map(\.height) == [0, 0, 0]
        )
    }

    @Test("where counting was cut, the links of the numbers begin where it began")
    func cutCounts() {
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let since = now.adding(seconds: -60)
        let page = OverviewPage(
            users: [],
            usersNote: "",
            problems: [],
            hours: [],
            now: now,
            since: since,
            activityNote: "since \(since)",
            evidence: [],
            conditions: []
        )
        #expect(page.funnel.allSatisfy { $0.path?.hasSuffix("&since=\(since)") == true })
        #expect(page.plots.allSatisfy { $0.summary.contains("0 since \(since)") })
    }

    @Test("a user's page lists the newest tokens that were held, and says how many it does not")
    func holdings() throws {
        let fingerprint = try #require(Fingerprint([UInt8](repeating: 1, count: 16)))
        let records = (1...Int64(150)).map { version in
            let token = LedgerEvent.IssuedToken(version: version, fingerprint: fingerprint)
            let record = Record(
                id: Identifier(value: UInt128(version)),
                clientID: "demo",
                subject: Identifier(value: 1),
                time: Timestamp(microseconds: version),
                subjectVersion: version,
                context: RecordContext(actor: "service"),
                event: .accessTokenRotated(token, cause: Identifier(value: 1))
            )
            return (position: version, record: Optional(record))
        }
        var parts = UserPage.Parts()
        parts.holdings = try TokenHolding.list(records)
        try #require(parts.holdings.count == 150)
        parts.hasOlderAccesses = true
        let page = UserPage(
            subject: Identifier(value: 1),
            log: .facts,
            state: SubjectState(),
            parts: parts,
            isRaw: false,
            formToken: "",
            clientID: "app",
            url: "http://127.0.0.1",
            api: nil
        )
        #expect(
            page.eventsCopy.command?.hasSuffix(
                "history --app app --subject \(Identifier(value: 1))"
            ) == true
        )
        #expect(page.holdings.map(\.version) == (51...150).reversed())
        #expect(page.olderHoldings == 50 && page.hasOlderHoldings)
        #expect(
            page.olderAccessesPath
                == "/console/log?log=access&subject=\(Identifier(value: 1))"
        )
    }
}

extension String.UTF8View {
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        Array(self).firstRange(of: Array(other)) != nil
    }
}
