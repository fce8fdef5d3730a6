@testable import Ledger

extension Golden {
    /// What leaves the ledger is itself recorded.
    static let evidence: [Golden] = [
        Golden(
            event:
                .logExported(
                    .init(
                        export: Golden.finalize,
                        log: 0,
                        format: .ndjson,
                        positions: 0..<1_000
                    )
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"log.exported",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"export":"019ab5d6-1c02-7002-8000-000000000002","log":0,\#
                "format":"ndjson","from":0,"until":1000,"identities":false}}
                """#
        ),
        Golden(
            event:
                .logExported(
                    .init(
                        export: Golden.finalize,
                        log: 1,
                        format: .bundle,
                        positions: 17..<4_096,
                        query: EventQuery(
                            types: ["token.read", "log.exported"],
                            since: Golden.time,
                            before: Golden.expiry
                        ),
                        identities: true
                    )
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"log.exported",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"export":"019ab5d6-1c02-7002-8000-000000000002","log":1,\#
                "format":"bundle","from":17,"until":4096,\#
                "types":["token.read","log.exported"],\#
                "since":"2026-11-22T14:06:36.123456Z",\#
                "before":"2026-11-22T14:21:36.000000Z","identities":true}}
                """#
        ),
        Golden(
            event: .logFollowed(.init(log: 0, from: 17)),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"log.followed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"log":0,"from":17}}
                """#
        ),
        Golden(
            event:
                .logFollowed(
                    .init(
                        log: 1,
                        from: 0,
                        query: EventQuery(
                            types: ["token.read", "log.followed"],
                            since: Golden.time,
                            before: Golden.expiry
                        )
                    )
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"log.followed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"log":1,"from":0,"types":["token.read","log.followed"],\#
                "since":"2026-11-22T14:06:36.123456Z","before":"2026-11-22T14:21:36.000000Z"}}
                """#
        ),
        Golden(
            event:
                .tokenSearched(
                    accessToken: Golden.one,
                    publicToken: Golden.other,
                    matches: 2
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"token.searched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"access_token":"00112233445566778899aabbccddeeff",\#
                "public_token":"ffeeddccbbaa99887766554433221100","matches":2}}
                """#
        ),
        Golden(
            event:
                .tokenRevealed(
                    .init(
                        kind: .publicToken,
                        version: 3,
                        key: "0123456789ab",
                        reason: .supportRequest
                    )
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"token.revealed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"kind":"public_token","version":3,"key":"0123456789ab",\#
                "reason":"support_request"}}
                """#
        ),
        Golden(
            event: .userViewed,
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"user.viewed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123","data":{}}
                """#
        ),
    ]
}
