@testable import Ledger

extension Golden {
    /// What is written where a launch is bound to a session.
    static let bound: [Golden] = [
        Golden(
            event:
                .connectLaunched(
                    .init(
                        launch: Golden.launch,
                        finish: .direct,
                        expiry: Golden.expiry,
                        challenge: Golden.one
                    )
                ),
            subjectVersion: 1,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"connect.launched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":1,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001","finish":"direct",\#
                "expiry":"2026-11-22T14:21:36.000000Z",\#
                "challenge":"00112233445566778899aabbccddeeff"}}
                """#
        ),
        Golden(
            event:
                .editLaunched(
                    .init(
                        launch: Golden.launch,
                        finish: .relay,
                        expiry: Golden.expiry,
                        challenge: Golden.other
                    ),
                    publicTokenVersion: 7
                ),
            subjectVersion: 12,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"edit.launched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":12,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001","finish":"relay",\#
                "expiry":"2026-11-22T14:21:36.000000Z",\#
                "challenge":"ffeeddccbbaa99887766554433221100","public_token_version":7}}
                """#
        ),
        Golden(
            event: .finishReceived(finish(.session)),
            subjectVersion: 3,
            text: finishText("finish.received", binding: "session")
        ),
        Golden(
            event: .finishReceived(finish(.user)),
            subjectVersion: 3,
            text: finishText("finish.received", binding: "user")
        ),
        Golden(
            event: .finishHeld(finish(.none)),
            subjectVersion: 3,
            text: finishText("finish.held", binding: "none")
        ),
        Golden(
            event: .finishConfirmed(finalize: Golden.finalize, human: Golden.other),
            subjectVersion: 4,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finish.confirmed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":4,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "human":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
        Golden(
            event: .verifierRefused(launch: Golden.launch),
            subjectVersion: 4,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"verifier.refused",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":4,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001"}}
                """#
        ),
        Golden(
            event: .finalizeAbandoned(finalize: Golden.finalize, reason: .unconfirmed),
            subjectVersion: 4,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.abandoned",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":4,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002","reason":"unconfirmed"}}
                """#
        ),
    ]

    private static func finish(_ binding: FinishBinding) -> LedgerEvent.Finish {
        .init(
            finalize: Golden.finalize,
            launch: Golden.launch,
            session: Golden.one,
            human: Golden.other,
            binding: binding
        )
    }

    private static func finishText(_ type: String, binding: String) -> String {
        #"""
        {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
        "source":"/apps/demo","type":"\#(type)",\#
        "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
        "time":"2026-11-22T14:06:36.123456Z","subjectversion":3,"actor":"key:0123",\#
        "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
        "launch":"019ab5d6-1c01-7001-8000-000000000001",\#
        "session":"00112233445566778899aabbccddeeff",\#
        "human":"ffeeddccbbaa99887766554433221100","binding":"\#(binding)"}}
        """#
    }
}
