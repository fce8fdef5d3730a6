import Ledger
import LedgerStore
import MerkleLog
import StateMap
import TestSupport
import Testing
import Vault

/// What a browser says of proofs of a ledger of three pairs of logs, which no program opens so far.
@Suite("Proofs from several pairs of logs, in a browser", .timeLimit(.minutes(5)))
struct StateProofPageTests {
    private struct Verdict {
        let kind: String
        let text: String
    }

    /// Waits for what the page's own script says.
    private static func verdict(_ browser: Browser) async throws -> Verdict {
        try await browser.wait(for: "a verdict") {
            let kind = try await browser.execute(
                "return document.querySelector('#verdict')?.className ?? ''"
            )
            return kind.string?.hasPrefix("verdict ") == true && kind != .string("verdict open")
        }
        let kind = try await browser.execute("return document.querySelector('#verdict').className")
        let text = try await browser.find("#verdict").text()
        return Verdict(kind: kind.string ?? "", text: text)
    }

    /// A user of each pair, by the pair's number.
    private static func connect(_ service: TestService) async throws -> [Int: StoredUser] {
        var users: [Int: StoredUser] = [:]
        var number = 0
        while users.count < 3 {
            number += 1
            let id = "user-\(number)"
            let pair = service.store.home(of: Secret(id), in: service.app).pair
            guard users[pair] == nil else { continue }
            try await service.connect(id)
            users[pair] = try await service.store.user(Secret(id), of: service.app)
        }
        return users
    }

    @Test("it verifies a user of each pair, and refuses a true proof from another one")
    func pairs() async throws {
        try await TestService.run(pairs: 3) { service in
            let users = try await Self.connect(service)
            try await Browser.run { browser in
                try await browser.navigate(to: service.url + "/console")
                try await browser.find("#key").type(service.key)
                try await browser.find("button.main").click()
                try await browser.wait(for: "the overview") {
                    try await browser.find("h1").text() == "Overview"
                }
                for (pair, user) in users {
                    let page = "\(service.url)/console/users/\(user.subject)/proof"
                    try await browser.wait(for: "a statement of the tokens") {
                        try await browser.navigate(to: page)
                        let state = try await browser.execute(
                            "return document.querySelector('#state')?.textContent ?? ''"
                        )
                        return state.string?.contains("\"connected\"") == true
                    }
                    let shown = try await Self.verdict(browser)
                    #expect(shown.kind == "verdict unsure", "\(shown.text)")
                    try await browser.execute(
                        """
                        const { log, key } = document.querySelector('#current').dataset;
                        localStorage.setItem('key-' + log, key)
                        """
                    )
                    try await browser.navigate(to: page)
                    let pinned = try await Self.verdict(browser)
                    #expect(pinned.kind == "verdict good", "\(pinned.text)")
                    #expect(pinned.text.contains("The name leads to this user"))
                    try await Self.refuse(browser, user, from: (pair + 1) % 3, service)
                }
            }
        }
    }

    /// Puts into the page what the maps of another pair truly say of the user, which is nothing.
    private static func refuse(
        _ browser: Browser,
        _ user: StoredUser,
        from pair: Int,
        _ service: TestService
    ) async throws {
        let made = try await service.maps[pair].proof(
            of: nil,
            subject: user.subject,
            in: service.app
        )
        let proof = try #require(made?.proof)
        #expect(proof.states?.state == nil)
        let log = Log(.facts, pair: pair)
        try await browser.execute(
            """
            const [file, key, second] = arguments;
            document.querySelector('#file').textContent = file;
            document.querySelector('#state').remove();
            const data = document.querySelector('#current').dataset;
            Object.assign(data, { key, log: 'other', second });
            document.querySelector('#verdict').className = 'verdict open';
            document.querySelector('#again').click()
            """,
            .string(String(decoding: proof.bytes, as: UTF8.self)),
            .string(service.store.vault.checkpointSigner(logID: log.id).key.description),
            .string("\(log.map.id)")
        )
        let refused = try await verdict(browser)
        #expect(refused.kind == "verdict bad", "\(refused.text)")
        #expect(refused.text.contains("another pair of logs"), "\(refused.text)")
    }
}
