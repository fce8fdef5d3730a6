import HumanConnect
import Ledger
import SeededRandom
import Testing

@Suite("mutated finish bodies", .timeLimit(.minutes(5)))
struct FinishBodyFuzzTests {
    private static let boundary = "xYzZY"
    /// A body of each form, with its content type.
    private static let samples: [(body: String, type: String?)] = [
        (SessionTokenObjectTests.json, "application/json"), (SessionTokenObjectTests.json, nil),
        (
            #"{"sessionTokenObject":\#(SessionTokenObjectTests.json),"more":[{}]}"#,
            "application/json"
        ),
        ("humanId=h1&clientId=c1&sessionToken=s%2B1&userId=u+1", nil),
        (
            "o%5BhumanId%5D=h1&o%5BclientId%5D=c1&o[sessionToken]=s1",
            "application/x-www-form-urlencoded"
        ),
        (
            ["humanId", "clientId", "sessionToken"].map { name in
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\nv1\r\n"
            }.joined() + "--\(boundary)--\r\n",
            "multipart/form-data; boundary=\(boundary)"
        ),
    ]
    private static let pieces = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "&", "=", "%", "%00", "%FF", "+", "\r\n",
        "--xYzZY",
        "null", "\\u0000", "\\ud800", "\"humanId\":\"x\",", "humanId=x&", "\u{7F}", "\u{85}", "é",
        ";",
    ]

    private func mutated(_ sample: String, _ random: inout SeededRandom) -> [UInt8] {
        var body = Array(sample.utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0...body.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: body.insert(.random(in: 0...255, using: &random), at: place)
            case 1: body.removeSubrange(place..<min(body.count, place + 3))
            case 2: body.removeSubrange(place...)
            case 3:
                let end = Int.random(in: place...body.count, using: &random)
                body.insert(contentsOf: Array(body[place..<end]), at: place)
            default:
                let piece = Self.pieces.randomElement(using: &random) ?? ""
                body.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return body
    }

    @Test("whatever a page posts is refused, or each field is one plain text within its bounds")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var (read, refused) = (0, 0)
        for round in 0..<60_000 * FuzzLength.times {
            let sample = Self.samples[round % Self.samples.count]
            let body = mutated(sample.body, &random)
            // Now and then a body comes under the name of another form.
            let type =
                round.isMultiple(of: 7)
                ? Self.samples.randomElement(using: &random)?.type : sample.type
            guard let object = try? SessionTokenObject(body: body, contentType: type) else {
                refused += 1
                continue
            }
            read += 1
            let fields =
                [object.humanID.exposed, object.clientID, object.sessionToken.exposed]
                + [object.userID, object.clientUserID].compactMap { $0 }
            for field in fields {
                let isPlain =
                    (1...SessionTokenObject.fieldBytesMax).contains(field.utf8.count)
                    && field.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                if !isPlain { Issue.record("seed \(seed): \(body)") }
            }
        }
        #expect(read > 5_000 && refused > 5_000, "seed \(seed): \(read) \(refused)")
    }
}
