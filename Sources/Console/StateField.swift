package import Ledger

/// One line of a user's state, in words.
package struct StateField: Sendable, Equatable {
    /// By which the script finds it.
    package let name: String
    package let label: String
    package let text: String

    /// All of a state, always in the same order.
    package static func list(_ state: SubjectState) -> [StateField] {
        [
            StateField("status", "Status", state.version == 0 ? none : state.status.rawValue),
            StateField("broken", "Broken because", state.brokenReason),
            StateField("person", "Person", state.human?.description),
            StateField("claimed", "Claimed person", state.claimedPerson?.human.description),
        ] + token("access", "Access token", state.accessToken)
            + token("public", "Public token", state.publicToken) + [
                StateField("doubted", "In doubt", state.isDoubted ? "yes" : "no"),
                StateField("contested", "Contested", state.isContested ? "yes" : "no"),
                StateField("held", "Held from erasure", state.isHeld ? "yes" : "no"),
                StateField("popups", "Popups", popups(state.popups)),
                StateField("finalizes", "Open finalizes", finalizes(state.openFinalizes)),
            ]
    }

    /// What stands for nothing.
    static let none = "none"

    private init(_ name: String, _ label: String, _ text: String?) {
        self.name = name
        self.label = label
        self.text = text ?? Self.none
    }

    private static func token(
        _ name: String,
        _ label: String,
        _ token: SubjectState.HeldToken?
    ) -> [StateField] {
        [
            StateField(name, label, token.map { "version \($0.version)" }),
            StateField("\(name)-fingerprint", "Its fingerprint", token?.fingerprint.description),
        ]
    }

    private static func popups(_ popups: [SubjectState.Popup]) -> String? {
        let counts = [
            (popups.count { $0.end == nil }, "open"),
            (popups.count { $0.end == .closed }, "closed"),
            (popups.count { $0.end == .finalized }, "with tokens"),
        ]
        return joined(counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" })
    }

    private static func finalizes(_ open: [SubjectState.OpenFinalize]) -> String? {
        joined(
            open.map { finalize in
                if let reason = finalize.abandoned { return "abandoned (\(reason.rawValue))" }
                if let reason = finalize.unresolved { return "unresolved (\(reason))" }
                if finalize.isHeld { return "held" }
                return finalize.dispatches == 0 ? "received" : "sent \(finalize.dispatches)×"
            }
        )
    }

    private static func joined(_ parts: [String]) -> String? {
        parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// A line of the state that an event changed.
package struct StateChange: Sendable, Equatable {
    package let name: String
    package let label: String
    package let before: String
    package let after: String

    /// What differs between two states.
    package static func list(
        from old: SubjectState,
        to new: SubjectState
    ) -> [StateChange] {
        zip(StateField.list(old), StateField.list(new)).filter { $0.text != $1.text }.map {
            StateChange(name: $1.name, label: $1.label, before: $0.text, after: $1.text)
        }
    }
}
