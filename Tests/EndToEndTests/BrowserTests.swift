import Foundation
import TestSupport
import Testing
import Wire

@Suite("the browser the tests drive")
struct BrowserTests {
    @Test("it clicks, types, enters frames, hears the console and takes a picture")
    func drivesPage() async throws {
        let picture = try await Browser.run { browser in
            try await browser.navigate(to: Self.page)
            let button = try await browser.find("#go")
            #expect(try await button.attribute("data-kind") == "main")
            #expect(try await button.attribute("data-none") == nil)
            try await browser.find("input").type("Ada")
            try await button.click()
            // The page writes its answer a little later.
            try await browser.wait(for: "the greeting") {
                try await browser.find("#said").text() == "Hello, Ada"
            }
            try await browser.enter(frame: browser.find("iframe"))
            try await browser.find("#inner").click()
            #expect(try await browser.find("#inner").text() == "clicked")
            #expect(try await browser.findAll("#go").isEmpty)
            try await browser.leaveFrame()
            #expect(try await browser.find("#inner-said").text() == "the frame says hello")
            #expect(try await browser.execute("return arguments[0] + 1", 41) == .number(42))
            #expect(try await browser.consoleLog().contains { $0.contains("greeted") })
            return try await browser.screenshot()
        }
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("a page reaches this machine and nothing else")
    func staysHere() async throws {
        let addresses = [
            ("http://127.0.0.1:65530/", isForeign: false),
            ("http://localhost:65530/", isForeign: false),
            ("http://192.0.2.1/", isForeign: true),
            ("http://elsewhere.test/", isForeign: true),
        ]
        // Nothing listens at any of them: what differs is whether the browser even tried.
        try await Browser.run { browser in
            for (address, isForeign) in addresses {
                let error = await #expect(throws: BrowserError.self) {
                    try await browser.navigate(to: address)
                }
                let isUnknown = error?.description.contains("ERR_NAME_NOT_RESOLVED") ?? false
                #expect(isUnknown == isForeign, "\(address): \(error?.description ?? "")")
            }
        }
    }

    @Test("waiting in vain ends with a sentence")
    func waitsInVain() async throws {
        try await Browser.run { browser in
            let error = await #expect(throws: BrowserError.self) {
                try await browser.wait(for: "a miracle", atMost: .milliseconds(200)) {
                    try await browser.findAll("#miracle").first
                }
            }
            #expect(error?.description == "waited in vain for a miracle")
        }
    }

    @Test("what a page refuses is an error with WebDriver's code")
    func refusal() async throws {
        await #expect {
            try await Browser.run { browser in try await browser.execute("throw new Error('no')") }
        } throws: { error in
            guard case .refused(code: "javascript error", _) = error as? BrowserError else {
                return false
            }
            return true
        }
    }

    private static let page =
        "data:text/html;base64,"
        + Data(
            """
            <!doctype html><title>Driven</title>
            <body style="font: 20px sans-serif">
            <input aria-label="name"> <button id="go" data-kind="main">Greet</button>
            <p id="said"></p><p id="inner-said"></p>
            <iframe srcdoc="<button id='inner'
                onclick='this.textContent = `clicked`; parent.postMessage(`hello`, `*`)'>in</button>">
            </iframe>
            <script>
            document.querySelector("#go").onclick = () => setTimeout(() => {
                document.querySelector("#said").textContent =
                    "Hello, " + document.querySelector("input").value;
                console.log("greeted");
            }, 100);
            window.onmessage = (event) =>
                document.querySelector("#inner-said").textContent = "the frame says " + event.data;
            </script>
            """.utf8
        ).base64EncodedString()
}
