import HTMLPages
import Testing

@Suite("templates") struct HTMLTemplatesTests {
    private let templates = HTMLTemplates([
        "page": Array(
            "<p title=\"{{value}}\">{{value}}</p>{{#rows}}<b>{{value}}</b>{{/rows}}{{>part}}".utf8
        ),
        "part": Array("<i title=\"{{value}}\">{{&raw}}</i>\n".utf8),
    ])

    @Test("a value is escaped by bytes, also in a section and in what is included")
    func values() {
        let value = "\"\u{301}"
        let html = templates.html(
            "page",
            ["value": value, "raw": "<hr>", "rows": [["value": value]]]
        )
        let text = "&quot;\u{301}"
        let expected =
            "<p title=\"\(text)\">\(text)</p><b>\(text)</b><i title=\"\(text)\"><hr></i>\n"
        #expect(html.utf8.elementsEqual(expected.utf8))
    }
}
