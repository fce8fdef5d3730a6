import HumanConnect
import HumanConnectSandbox
import Ledger
import NIOHTTP1
import Testing
import Wire

@Suite("the popup page and its redirects")
struct PopupPageTests {
    private static let client = "clientId=" + LiveSandbox.clientID

    private static func escaped(_ mark: String) -> [UInt8] {
        let name = ["\"": "quot", "<": "lt", ">": "gt", "&": "amp", "'": "#39"][mark] ?? ""
        return Array("&\(name);".utf8)
    }

    private func session(_ page: LiveSandbox.Answer) throws -> String {
        String(try #require(page.text.firstMatch(of: /data-session="([0-9a-f]{32})"/)).1)
    }

    @Test("assets come with their types")
    func assets() async throws {
        try await LiveSandbox.run { sandbox in
            for (path, type) in [
                ("/connect.js", "text/javascript"), ("/store.min.js", "text/javascript"),
                ("/spinner.gif", "image/gif"), ("/assets/button/blue.png", "image/png"),
                ("/assets/button/blue.svg", "image/svg+xml"),
                ("/sandbox/popup.js", "text/javascript"),
                ("/sandbox/sandbox.css", "text/css"), ("/blank/hc-finish?x=1", "text/plain"),
                ("/sandbox", "text/html"), ("/sandbox/state", "application/json"),
            ] {
                let answer = try await sandbox.send(.GET, path)
                #expect(answer.status == 200, "\(path)")
                #expect(answer.headers.first(name: "Content-Type")?.hasPrefix(type) == true)
            }
            for path in ["/sandbox", "/?\(Self.client)", "/?clientUserId=a&\(Self.client)"] {
                let headers = try await sandbox.send(.GET, path).headers
                let policy = try #require(headers.first(name: "Content-Security-Policy"))
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; "), "\(path)")
                // Pages of others open the popup in a frame.
                #expect(policy.contains("frame-ancestors 'none'") == (path == "/sandbox"))
                #expect(headers.first(name: "X-Frame-Options") == nil)
                #expect(headers.first(name: "X-Content-Type-Options") == "nosniff")
            }
            #expect(try await sandbox.send(.GET, "/").headers.first(name: "Location") == "/sandbox")
            #expect(try await sandbox.send(.GET, "/assets/button/blue.exe").status == 404)
        }
    }

    @Test("a create page offers every source, an edit page shows what is connected")
    func pages() async throws {
        try await LiveSandbox.run { sandbox in
            let create = try await sandbox.send(
                .GET,
                "/?clientUserId=ada%40example.com&\(Self.client)"
            )
            #expect(create.text.contains(#"data-mode="create""#))
            #expect(create.text.matches(of: /data-connected="false"/).count == 7)
            _ = try await sandbox.finish("ada@example.com", connect: ["band"])
            let token = try #require(try await sandbox.facts("ada@example.com")["public_token"])
            let edit = try await sandbox.send(
                .GET,
                "/?clientUserId=ada%40example.com&\(Self.client)&publicToken=\(token)"
            )
            #expect(edit.text.contains(#"data-mode="edit""#))
            #expect(edit.text.contains(#"data-source="band" data-connected="true""#))
            // Old edit-mode pages name no app.
            let old = try await sandbox.send(
                .GET,
                "/?clientUserId=ada%40example.com&publicToken=\(token)"
            )
            #expect(old.text.contains(#"data-mode="edit""#))
        }
    }

    @Test("a refusal is a page that shows the error, with values escaped")
    func refusals() async throws {
        try await LiveSandbox.run { sandbox in
            _ = try await sandbox.finish("ada", connect: ["band"])
            let exists = try await sandbox.send(.GET, "/?clientUserId=ada&\(Self.client)")
            #expect(exists.text.contains("User Already Exists"))
            #expect(exists.text.contains(#"data-session="""#))
            #expect(exists.text.contains(#"id="error-code">user_already_exists<"#))
            let unknown = try await sandbox.send(.GET, "/?clientUserId=ada&clientId=nobody")
            #expect(unknown.text.contains("invalid_client"))
            #expect(try await sandbox.send(.GET, "/?clientUserId=%ff").status == 400)
            let script = try await sandbox.send(
                .GET,
                "/?clientUserId=%3Cscript%3Ealert(1)%3C/script%3E&\(Self.client)"
            )
            #expect(!script.text.contains("<script>alert"))
            let error = try await sandbox.send(
                .GET,
                "/?clientUserId=sandbox_popup_error&\(Self.client)"
            )
            #expect(error.text.contains("sandbox_popup_error"))
        }
    }

    @Test(
        "no value ends its place in a page, whatever stands behind the mark",
        arguments: ["\"", "<", "&", "'", ">"]
    )
    func marks(mark: String) async throws {
        try await LiveSandbox.run { sandbox in
            // With each of these Swift takes the two for one character, and no browser does.
            for companion in ["\u{301}", "\u{200D}", "\u{FE0F}"] {
                let value = "x\(mark)\(companion)y"
                let query = value.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                let user = query.joined()
                for path in [
                    // In the text, and in an attribute: of the popup, and of its refusal.
                    "/?clientUserId=\(user)&\(Self.client)",
                    "/embed?client_id=\(LiveSandbox.clientID)&client_user_id=a"
                        + "&close_url=https://a/\(user)",
                    "/embed?client_id=nobody&client_user_id=a&close_url=https://a/\(user)",
                ] {
                    let page = try await sandbox.send(.GET, path)
                    #expect(page.status == 200)
                    #expect(page.text.utf8.contains(Self.escaped(mark) + Array(companion.utf8)))
                    #expect(!page.text.utf8.contains(value.utf8), "\(path)")
                }
            }
        }
    }

    @Test("an open session is resumed for its own user only, stray space and all")
    func resume() async throws {
        try await LiveSandbox.run { sandbox in
            let first = try session(
                try await sandbox.send(.GET, "/?clientUserId=ada&\(Self.client)")
            )
            _ = try await sandbox.send(.POST, "/v1/connect/sessions/\(first)/sources/band")
            let resumed = try await sandbox.send(
                .GET,
                "/?clientUserId=ada&\(Self.client)&sessionToken=%20\(first)"
            )
            #expect(try session(resumed) == first)
            #expect(resumed.text.contains(#"data-source="band" data-connected="true""#))
            let other = try await sandbox.send(
                .GET,
                "/?clientUserId=bob&\(Self.client)&sessionToken=%20\(first)"
            )
            #expect(try session(other) != first)
        }
    }

    @Test("the poll is 200 while open and 412 once finished, closed, exchanged or unknown")
    func polling() async throws {
        try await LiveSandbox.run { sandbox in
            let token = try session(
                try await sandbox.send(.GET, "/?clientUserId=ada&\(Self.client)")
            )
            let path = "/v1/connect/sessions/" + token
            #expect(try await sandbox.send(.GET, path).status == 200)
            _ = try await sandbox.send(.POST, path + "/sources/band")
            let finish = try await sandbox.send(.POST, path + "/finish")
            #expect(finish.json["finish"]?["sessionToken"] == .string(token))
            #expect(finish.json["copies"] == 1)
            #expect(try await sandbox.send(.GET, path).status == 412)
            #expect(try await sandbox.send(.POST, path + "/sources/lab").status == 412)
            let object = try SessionTokenObject(
                body: try #require(finish.json["finish"]).encoded,
                contentType: nil
            )
            _ = try await sandbox.client.exchange(object, for: sandbox.provider)
            #expect(try await sandbox.send(.GET, path).status == 412)
            let closing = try session(
                try await sandbox.send(.GET, "/?clientUserId=bob&\(Self.client)")
            )
            _ = try await sandbox.send(.POST, "/v1/connect/sessions/\(closing)/close")
            #expect(try await sandbox.send(.GET, "/v1/connect/sessions/\(closing)").status == 412)
            #expect(try await sandbox.send(.GET, "/v1/connect/sessions/nothing").status == 412)
        }
    }

    @Test("the path decides how a mobile finish is spelled, whatever the query's spelling")
    func redirects() async throws {
        try await LiveSandbox.run { sandbox in
            func redirect(_ query: String) async throws -> String {
                let page = try await sandbox.send(.GET, query)
                let path = "/v1/connect/sessions/" + (try session(page))
                _ = try await sandbox.send(.POST, path + "/sources/band")
                let finish = try await sandbox.send(.POST, path + "/finish")
                return try #require(finish["redirect"])
            }
            let app = LiveSandbox.clientID
            let ios = try await redirect(
                "/?finishUrl=https://connect-token&closeUrl=https://connect-closed"
                    + "&clientId=\(app)&clientUserId=ios&language=en"
            )
            #expect(
                ios.wholeMatch(
                    of: /https:\/\/connect-token\?humanId=[0-9a-f]{32}&sessionToken=[0-9a-f]{32}/
                )
                    != nil
            )
            let android = try await redirect(
                "/embed?client_id=\(app)&client_user_id=android"
                    + "&finish_url=https%3A%2F%2Fhapi-finish&close_url=https%3A%2F%2Fhapi-close"
            )
            #expect(
                android.wholeMatch(
                    of:
                        /https:\/\/hapi-finish\?human_id=[0-9a-f]{32}&session_token=[0-9a-f]{32}&client_id=(c1){20}/
                ) != nil
            )
            let joined = try await redirect(
                "/?client_id=\(app)&client_user_id=cordova&finish_url=https%3A%2F%2Fa%2F%3Fb%3D1"
            )
            #expect(joined.hasPrefix("https://a/?b=1&humanId="))
            let page = try await sandbox.send(
                .GET,
                "/embed?client_id=\(app)&client_user_id=x&close_url=https://hapi-close"
            )
            let closed = try await sandbox.send(
                .POST,
                "/v1/connect/sessions/\(try session(page))/close"
            )
            #expect(closed["redirect"] == "https://hapi-close")
            for bad in ["javascript://x%250aalert(1)", "data://x", "//evil", "x"] {
                let page = try await sandbox.send(
                    .GET,
                    "/embed?client_id=\(app)&client_user_id=x&finish_url=" + bad
                )
                #expect(page.text.contains("invalid_request"), "\(bad)")
            }
        }
    }

    @Test("the duplicate finish behaviour tells the popup to send it twice")
    func duplicate() async throws {
        try await LiveSandbox.run { sandbox in
            let page = try await sandbox.send(
                .GET,
                "/?clientUserId=sandbox_duplicate_finish&\(Self.client)"
            )
            let path = "/v1/connect/sessions/" + (try session(page))
            _ = try await sandbox.send(.POST, path + "/sources/band")
            #expect(try await sandbox.send(.POST, path + "/finish").json["copies"] == 2)
        }
    }
}
