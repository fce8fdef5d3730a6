import Foundation
import TestSupport
import Testing

/// A bundle that somebody was given.
struct GivenBundle {
    let folder: String
    /// The key as they got it elsewhere.
    let key: String

    /// The folder of the verifier in Python, which knows how to reckon with Ed25519.
    private static let verifierFolder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/MerkleLogTests"

    /// Makes another page of this one, with a file in it altered.
    func alter(_ alteration: PageAlteration, into path: String) async throws {
        try await rewrite(
            into: path,
            """
            c = get('\(alteration.file)')
            l = c.splitlines(keepends=True)
            new = \(alteration.change)
            assert new != c
            put('\(alteration.file)', new)
            """
        )
    }

    /// Makes another page of this one, whose list somebody changed and signed with a key of theirs.
    func forge(_ forgery: BundlePageForgery, into path: String) async throws {
        try await rewrite(into: path, BundlePageForgery.script(forgery.change))
    }

    /// Makes another page of this one, with another script that its policy allows.
    func replace(inScript old: String, with new: String, into path: String) async throws {
        try await rewrite(
            into: path,
            """
            found = re.search('<script>(.*)</script>', text, re.S)
            changed = found.group(1).replace('\(old)', '\(new)')
            digest = lambda script: base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert changed != found.group(1) and digest(found.group(1)) in text
            text = text[:found.start(1)] + changed + text[found.end(1):]
            text = text.replace(digest(found.group(1)), digest(changed))
            """
        )
    }

    /// Runs a script of Python over the page's `text`, which gets and puts files by their name.
    private func rewrite(into path: String, _ script: String) async throws {
        let whole = """
            import base64, gzip, hashlib, json, re, sys
            page, path, verifier = sys.argv[1:4]
            text = open(page, encoding='utf-8').read()
            def place(name):
                return re.search('data-file="%s">([^<]*)<' % re.escape(name), text)
            def get(name):
                return gzip.decompress(base64.b64decode(place(name).group(1)))
            def put(name, content):
                global text
                found = place(name)
                packed = base64.b64encode(gzip.compress(content)).decode()
                text = text[:found.start(1)] + packed + text[found.end(1):]
            \(script)
            open(path, 'w', encoding='utf-8').write(text)
            """
        let answer = try await TestProgram.run(
            "python3",
            ["-B", "-c", whole, folder + "/index.html", path, Self.verifierFolder]
        )
        #expect(answer.status == 0, "\(script): \(answer.messages)")
    }
}
