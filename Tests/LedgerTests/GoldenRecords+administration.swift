@testable import Ledger

extension Golden {
    static let administration: [Golden] = [
        Golden(
            event:
                .apiKeyCreated(.init(key: "0123456789ab", scopes: ["launch", "tokens:read"])),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"api_key.created",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"key":"0123456789ab","scopes":["launch","tokens:read"]}}
                """#
        ),
        Golden(
            event:
                .apiKeyCreated(
                    .init(
                        key: "0123456789ab",
                        scopes: ["launch"],
                        networks: 2,
                        expiry: Golden.expiry,
                        replaces: "ba9876543210"
                    )
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"api_key.created",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"key":"0123456789ab","scopes":["launch"],"networks":2,\#
                "expiry":"2026-11-22T14:21:36.000000Z","replaces":"ba9876543210"}}
                """#
        ),
        Golden(
            event:
                .apiKeyExpirySet(key: "0123456789ab", expiry: Golden.expiry),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"api_key.expiry_set",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"key":"0123456789ab","expiry":"2026-11-22T14:21:36.000000Z"}}
                """#
        ),
        Golden(
            event:
                .apiKeyRevoked(key: "0123456789ab"),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"api_key.revoked",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"key":"0123456789ab"}}
                """#
        ),
        Golden(
            event:
                .appUpdated(update { $0.clientSecretVersion = 2 }),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":[],"client_secret_version":2}}
                """#
        ),
        Golden(
            event:
                .appUpdated(
                    update {
                        $0.changed = [.userURL, .origins]
                    }
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":["user_url","origins"]}}
                """#
        ),
        Golden(
            event:
                .appUpdated(
                    update {
                        $0.changed = [.connectURL, .userURL, .apiURL, .origins]
                        $0.clientSecretVersion = 3
                        $0.appKeyVersion = 0
                    }
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":["connect_url","user_url","api_url","origins"],\#
                "client_secret_version":3,"app_key_version":0}}
                """#
        ),
    ]

    private static func update(
        _ change: (inout LedgerEvent.AppUpdate) -> Void
    ) -> LedgerEvent.AppUpdate {
        var update = LedgerEvent.AppUpdate()
        change(&update)
        return update
    }
}
