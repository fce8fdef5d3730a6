import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import SeededRandom
import TestSupport
import Testing
import Wire

@testable import LedgerAPI

@Suite(.timeLimit(.minutes(5)))
struct QueryFuzzTests {
    private static let seed: UInt64 = 20_261_122
    private static let pieces = [
        "", "u", "e", "h", "0", "1", "zz", "-1", "+1", "9223372036854775807", "9223372036854775808",
        "340282366920938463463374607431768211456", "%", "%4", "%00", "%zz", "%C3%A9", "%FF", "&",
        "=", "&&", "cursor", "limit", "type", "subject", "since", "until", "from_position",
        "until_position", "after", "format", "header", "user", "log", "token.read", ",", ";", "csv",
        "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+23:59", "0000-00-00T00:00:00Z", "facts",
        "019ab5d6-1c00-7abc-8def-0123456789ab", "e0", "u0", "h0", "e00", "EZZ", "é", "\u{1F600}",
    ]

    private func text(_ random: inout SeededRandom, pieces count: Int) -> String {
        (0..<Int.random(in: 0...count, using: &random))
            .map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
    }

    /// A query of keys and values, most of them meant.
    private func query(_ random: inout SeededRandom) -> String {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
            let key = Self.pieces[21...33].randomElement(using: &random) ?? ""
            return key + "=" + text(&random, pieces: 2)
        }.joined(separator: "&") + (Bool.random(using: &random) ? text(&random, pieces: 3) : "")
    }

    @Test("a cursor is read back as what it was made of, and other texts are none")
    func cursors() {
        var random = SeededRandom(seed: Self.seed)
        let kinds: [Cursor.Kind] = [.users, .events, .history]
        for round in 0..<20_000 * FuzzLength.times {
            let kind = kinds[round % 3]
            let value = UInt128(random.next()) << UInt128(round % 65) | UInt128(random.next())
            let cursor = Cursor.encode(value, kind: kind)
            #expect(Cursor.decode(cursor, kind: kind) == value)
            #expect(Cursor.decode(cursor, kind: kinds[(round + 1) % 3]) == nil)
            var bytes = Array(cursor.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                UInt8.random(in: 0...255, using: &random)
            for other in [String(decoding: bytes, as: UTF8.self), text(&random, pieces: 4)] {
                guard let read = Cursor.decode(other, kind: kind) else { continue }
                #expect(Cursor.encode(read, kind: kind) == other, "one spelling for each place")
            }
        }
    }

    @Test("any query is read or refused with a sentence that holds nothing of it")
    func queries() {
        var random = SeededRandom(seed: Self.seed)
        var readCount = 0
        var refusedCount = 0
        for _ in 0..<20_000 * FuzzLength.times {
            let target = "/v1/events?" + query(&random)
            let request = Request(
                head: HTTPRequest(method: .get, scheme: nil, authority: nil, path: target),
                body: .init(buffer: ByteBuffer())
            )
            do {
                let query = try Query(
                    request,
                    keys: Query.eventKeys.union(["cursor", "limit", "log", "from_position"])
                )
                _ = try query.limit()
                _ = try query.position("from_position")
                _ = try query.time("since")
                readCount += 1
            } catch {
                guard case .malformed(let sentence) = error else {
                    Issue.record("\(target): \(error)")
                    continue
                }
                let rest = sentence.split(separator: "write %20 or %2B.").joined()
                #expect(!rest.contains("%") && !rest.contains("é"))
                refusedCount += 1
            }
        }
        #expect(readCount > 500 && refusedCount > 500)
    }

    @Test("no query makes the service fail")
    func requests() async throws {
        try await TestService.run { service in
            try await service.connect("fuzz")
            var random = SeededRandom(seed: Self.seed)
            var statuses: [Int: Int] = [:]
            let paths = [
                "/v1/events", "/v1/users", "/v1/users/fuzz/events", "/v1/export",
                "/v1/export/identities", "/v1/consistency", "/v1/users/fuzz/tokens",
            ]
            let headers: HTTPFields = [.authorization: "Bearer " + service.key]
            for round in 0..<700 * FuzzLength.times {
                let target = paths[round % paths.count] + "?" + query(&random)
                let answer = try await service.raw(.get, target, headers: headers)
                #expect([200, 400, 404].contains(answer.status), "\(target): \(answer.text)")
                statuses[answer.status, default: 0] += 1
            }
            #expect(statuses[200] ?? 0 > 20)
            #expect(statuses[400] ?? 0 > 100)
        }
    }
}
