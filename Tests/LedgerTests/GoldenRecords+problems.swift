@testable import Ledger

extension Golden {
    static let problems: [Golden] = [
        Golden(
            event: .problemMuted(
                .init(ProblemName(kind: .needsReconnect, about: Golden.subject))
            ),
            subjectVersion: 12,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"problem.muted",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":12,"actor":"key:0123",\#
                "data":{"kind":"needs_reconnect"}}
                """#
        ),
        Golden(
            event: .problemUnmuted(
                .init(ProblemName(kind: .providerRefuses, about: Golden.subject))
            ),
            subjectVersion: 13,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"problem.unmuted",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":13,"actor":"key:0123",\#
                "data":{"kind":"provider_refuses"}}
                """#
        ),
        Golden(
            event: .problemMuted(
                .init(ProblemName(kind: .endpointPaused, about: Golden.launch))
            ),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"problem.muted",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"kind":"endpoint_paused","endpoint":"019ab5d6-1c01-7001-8000-000000000001"}}
                """#
        ),
    ]
}
