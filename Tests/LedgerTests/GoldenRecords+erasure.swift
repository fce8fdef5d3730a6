@testable import Ledger

extension Golden {
    static let erasure: [Golden] = [
        Golden(
            event:
                .subjectErased(reason: .requested),
            subjectVersion: 9,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"subject.erased",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":9,"actor":"key:0123",\#
                "data":{"reason":"requested"}}
                """#
        ),
        Golden(
            event:
                .subjectErased(reason: .restored),
            subjectVersion: 9,
            hasWholeContext: true,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"subject.erased",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":9,"actor":"key:0123",\#
                "causedby":"019ab5d6-1c03-7003-8000-000000000003","requestid":"req-1",\#
                "traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",\#
                "data":{"reason":"restored"}}
                """#
        ),
        Golden(
            event:
                .subjectHeld(reason: .authorityOrder),
            subjectVersion: 3,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"subject.held",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":3,"actor":"key:0123",\#
                "data":{"reason":"authority_order"}}
                """#
        ),
        Golden(
            event:
                .subjectReleased,
            subjectVersion: 4,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"subject.released",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":4,"actor":"key:0123",\#
                "data":{}}
                """#
        ),
    ]
}
