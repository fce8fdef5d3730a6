import TestSupport
import Testing

extension ConsoleVisitor {
    /// Puts something else in the place of each part of a proof, one at a time.
    func forge(
        _ path: String,
        section: String,
        box: String,
        _ forgeries: [(String, String)]
    ) async throws {
        for (forgery, reason) in forgeries {
            try await open(path)
            #expect(try await verdict(box).kind == "verdict good")
            _ = try await browser.execute(
                "const section = document.querySelector('\(section)'); \(forgery)"
            )
            try await browser.find("#again").click()
            try await browser.wait(for: "a refusal of \(forgery)") {
                try await verdict(box).kind == "verdict bad"
            }
            let refusal = try await verdict(box)
            #expect(
                refusal.text.contains("Refused") && refusal.text.contains(reason),
                "\(forgery): \(refusal.text)"
            )
        }
    }
}
