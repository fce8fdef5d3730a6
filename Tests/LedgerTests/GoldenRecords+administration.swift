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
                        clientCertificates: ["AAAA", "BBBB"],
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
                "client_certificates":["AAAA","BBBB"],\#
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
                .rootKeyRotated(from: "0123456789abcdef", to: "fedcba9876543210", keys: 1001),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"root_key.rotated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"from":"0123456789abcdef","to":"fedcba9876543210","keys":1001}}
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
        Golden(
            event:
                .appUpdated(
                    update { $0.policies = [.challengeRequired, .unnamedAccepted] }
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":[],"policies":["challenge_required","unnamed_accepted"]}}
                """#
        ),
        Golden(
            event:
                .appUpdated(update { $0.supersededGraceSeconds = 0 }),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":[],"superseded_grace":0}}
                """#
        ),
        Golden(
            event:
                .valuesDropped(count: 12, until: Golden.expiry),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"values.dropped",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"count":12,"until":"2026-11-22T14:21:36.000000Z"}}
                """#
        ),
        Golden(
            event:
                .appUpdated(
                    update {
                        $0.supersededGraceSeconds = 1_800
                        $0.accessRecording = .metadata
                    }
                ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":[],"superseded_grace":1800,"access_log":"metadata"}}
                """#
        ),
        Golden(
            event:
                .accessNoted(.tokenRead),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"access.noted",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"access":"token.read"}}
                """#
        ),
        Golden(
            event:
                .appUpdated(update { $0.policies = [] }),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.updated",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"changed":[],"policies":[]}}
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
