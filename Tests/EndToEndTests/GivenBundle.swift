import TestSupport
import Testing

/// A bundle that somebody was given.
struct GivenBundle {
    let folder: String
    /// The key as they got it elsewhere.
    let key: String

    /// Makes another page of this one, with a file in it altered.
    func alter(_ alteration: PageAlteration, into path: String) async throws {
        let script = """
            import base64, gzip, re, sys
            page, path, file = sys.argv[1:4]
            text = open(page, encoding='utf-8').read()
            found = re.search('data-file="%s">([^<]*)<' % re.escape(file), text)
            c = gzip.decompress(base64.b64decode(found.group(1)))
            l = c.splitlines(keepends=True)
            new = \(alteration.change)
            assert new != c
            packed = base64.b64encode(gzip.compress(new)).decode()
            open(path, 'w', encoding='utf-8').write(text[:found.start(1)] + packed + text[found.end(1):])
            """
        let answer = try await TestProgram.run(
            "python3",
            ["-c", script, folder + "/index.html", path, alteration.file]
        )
        #expect(answer.status == 0, "\(alteration.change): \(answer.messages)")
    }
}
