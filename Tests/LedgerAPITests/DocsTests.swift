import Foundation
import NIOHTTP1
import Testing

@Suite("the guides", .timeLimit(.minutes(5)))
struct DocsTests {
    private static let top =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// The targets of the links in a text.
    private func links(_ text: String) -> [String] {
        text.matches(of: /\[[^\[\]]+\]\(([^()\s]+)\)/).map { String($0.1) }
    }

    @Test("the list and llms.txt name every guide, and every link within them leads somewhere")
    func links() async throws {
        try await TestService.run { service in
            let index = try await service.call(.GET, "/docs", key: nil)
            #expect(index.headers["content-type"] == "text/markdown; charset=utf-8")
            let llms = try await service.call(.GET, "/llms.txt", key: nil)
            #expect(llms.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(llms.text.hasPrefix("# Token Ledger\n\n> "))
            let named = links(index.text)
            #expect(named.count == 7)
            #expect(links(llms.text) == named.map { "\(service.url)/\($0)" })
            for path in named {
                let guide = try await service.call(.GET, "/" + path, key: nil)
                #expect(guide.status == 200, "\(path)")
                for link in links(guide.text) where !link.contains("://") {
                    try await check(link, in: path, guide.text, service)
                }
            }
        }
    }

    /// A link leads to a file that is served, and to a heading of it.
    private func check(
        _ link: String,
        in path: String,
        _ text: String,
        _ service: TestService
    ) async throws {
        let parts = link.split(separator: "#", omittingEmptySubsequences: false)
        var target = text
        if !parts[0].isEmpty {
            let answer = try await service.call(.GET, "/docs/\(parts[0])", key: nil)
            #expect(answer.status == 200, "\(path): \(link)")
            target = answer.text
        }
        guard parts.count == 2 else { return }
        let anchors = target.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
            line.drop { $0 == "#" || $0 == " " }.lowercased().replacing(" ", with: "-")
                .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        }
        let marked = target.matches(of: /id="([^"]+)"/).map { String($0.1) }
        #expect((anchors + marked).contains(String(parts[1])), "\(path): \(link)")
    }

    @Test(
        "a guide is the file of docs/, but for links that would lead nowhere, and is kept by its tag"
    )
    func text() async throws {
        try await TestService.run { service in
            for name in ["integrator", "operator"] {
                let path = "/docs/\(name).md"
                let guide = try await service.call(.GET, path, key: nil)
                let file = try String(contentsOfFile: Self.top + path, encoding: .utf8)
                let words = { (text: String) in
                    text.replacing(/\[([^\[\]]+)\]\([^()\s]+\)/) { String($0.1) }
                }
                #expect(words(guide.text) == words(file), "\(name)")
                let tag = try #require(guide.headers["etag"])
                let again = try await service.call(
                    .GET,
                    path,
                    key: nil,
                    headers: ["If-None-Match": tag]
                )
                #expect(again.status == 304)
                #expect(again.text.isEmpty)
            }
            let other = try await service.call(.GET, "/docs/threats.md", key: nil)
            #expect(other.status == 404)
        }
    }
}
