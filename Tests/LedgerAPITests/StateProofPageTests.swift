import Foundation
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
                try await Self.signIn(browser, service)
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

    @Test("of a ledger with closed pairs it verifies users of both kinds, and takes no other file")
    func closedPairs() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let user = try await service.store.user(Secret("alice"), of: service.app)
            let subject = try #require(user).subject
            try await Browser.run { browser in
                try await Self.signIn(browser, service)
                try await browser.wait(for: "a proof") {
                    try await browser.navigate(
                        to: "\(service.url)/console/users/\(subject)/proof"
                    )
                    let file = try await browser.execute(
                        "return document.querySelector('#state')?.textContent ?? ''"
                    )
                    return file.string?.isEmpty == false
                }
                let (closed, open) = (try Self.sample("closed-pair"), try Self.sample("open-pair"))
                let nobody = try Self.sample("nobody")
                for file in [closed, open] {
                    let shown = try await Self.judge(browser, file)
                    #expect(shown.kind == "verdict unsure", "\(shown.text)")
                    #expect(shown.text.contains("The name leads to this user"), "\(shown.text)")
                }
                let other = try await Self.judge(browser, try Self.sample("open-other-pair"))
                #expect(other.kind == "verdict bad", "\(other.text)")
                #expect(other.text.contains("another pair of logs"), "\(other.text)")
                // Several are about nobody, and this page is about somebody.
                for file in [nobody, closed + nobody, closed + closed] {
                    let refused = try await Self.judge(browser, file)
                    #expect(refused.kind == "verdict bad", "\(refused.text)")
                    #expect(refused.text.contains("no proof of a state"), "\(refused.text)")
                }
            }
        }
    }

    /// A file that `StateMapTests` writes byte for byte.
    private static func sample(_ name: String) throws -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(
            contentsOf: tests.appendingPathComponent("StateMapTests/\(name).proof"),
            encoding: .utf8
        )
    }

    /// What the page says of a file, as if it had come with it.
    private static func judge(_ browser: Browser, _ file: String) async throws -> Verdict {
        let lines = file.split(separator: "\n")
        func word(_ line: String) -> Substring? {
            lines.first { $0.hasPrefix(line) }?.dropFirst(line.count)
        }
        // Of nobody any will do.
        let subject = word("subject ").flatMap { Identifier(String($0)) } ?? Identifier(value: 1)
        let log = Log(of: subject)
        let signer = try NoteSigner(
            name: "token-ledger/0123456789abcdef/\(log.id)",
            seed: [UInt8](repeating: 1, count: 32)
        )
        let state = word("state ").flatMap { $0.split(separator: " ", maxSplits: 3).last } ?? ""
        try await browser.execute(
            """
            const [file, subject, state, key, second] = arguments;
            document.querySelector('#file').textContent = file;
            document.querySelector('#state').textContent = state;
            const data = document.querySelector('#current').dataset;
            Object.assign(data, { subject, key, log: 'other', second });
            document.querySelector('#verdict').className = 'verdict open';
            document.querySelector('#again').click()
            """,
            .string(file),
            .string("\(subject)"),
            .string(String(state)),
            .string(signer.key.description),
            .string("\(log.map.id)")
        )
        return try await verdict(browser)
    }

    private static func signIn(_ browser: Browser, _ service: TestService) async throws {
        try await browser.navigate(to: service.url + "/console")
        try await browser.find("#key").type(service.key)
        try await browser.find("button.main").click()
        try await browser.wait(for: "the overview") {
            try await browser.find("h1").text() == "Overview"
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
