@testable import Ledger

extension Golden {
    static let webhooks: [Golden] = [
        Golden(
            event: .webhook(
                .init(endpoint: Golden.launch, .added(.init(types: [], namesUser: false)))
            ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.added",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","client_user_id":false}}
                """#
        ),
        Golden(
            event: .webhook(
                .init(
                    endpoint: Golden.launch,
                    .added(.init(types: ["connection.broken", "subject.erased"], namesUser: true))
                )
            ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.added",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","types":["connection.broken","subject.erased"],"client_user_id":true}}
                """#
        ),
        Golden(
            event: .webhook(
                .init(
                    endpoint: Golden.launch,
                    .updated(.init(types: ["connection.broken"], namesUser: false), isMoved: true)
                )
            ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","types":["connection.broken"],"client_user_id":false,"moved":true}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .paused(.requested))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.paused",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","reason":"requested"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .paused(.failing))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.paused",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","reason":"failing"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .paused(.gone))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.paused",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","reason":"gone"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .resumed)),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.resumed",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .removed)),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.removed",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .secretRotated(until: Golden.expiry))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.secret_rotated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","until":"2026-11-22T14:21:36.000000Z"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .tested(delivery: Golden.cause))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.tested",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","delivery":"019ab5d6-1c03-7003-8000-000000000003"}}
                """#
        ),
        Golden(
            event: .webhook(.init(endpoint: Golden.launch, .replayed(7..<19, .facts))),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.replayed",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","from":7,"until":19}}
                """#
        ),
        Golden(
            event: .webhook(
                .init(endpoint: Golden.launch, .replayed(7..<19, Log(.facts, pair: 1)))
            ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"webhook.replayed",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"endpoint":"019ab5d6-1c01-7001-8000-000000000001","log":2,"from":7,"until":19}}
                """#
        ),
    ]
}
