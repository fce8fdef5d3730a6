extension SubjectState {
    /// How many of the last launches are told apart.
    static let popupsMax = 8

    /// One opening of the popup, as far as we know what became of it.
    package struct Popup: Sendable, Equatable {
        /// How it ended.
        package enum End: String, Sendable {
            /// Closed or failed, as the page reported: what was done before is not known.
            case closed
            /// With tokens.
            case finalized
        }

        package var launch: Identifier
        /// How many sessions were brought under it.
        package var finishes: Int64
        /// Nil while nobody has reported it: what the user has done in it is not known.
        package var end: End?
    }

    /// The popup of a launch; nil when it is not among the last ones.
    package func popup(of launch: Identifier) -> Popup? {
        popups.last { $0.launch == launch }
    }

    mutating func open(_ launch: Identifier) {
        popups.append(Popup(launch: launch, finishes: 0, end: nil))
        guard popups.count > Self.popupsMax else { return }
        // Whatever is forgotten, the launch that was just made keeps the doubt.
        popups.remove(at: popups.firstIndex { $0.end != nil } ?? 0)
    }

    mutating func close(_ launch: Identifier) {
        isDoubted = true
        update(popup: launch) { popup in
            if popup.end == nil { popup.end = .closed }
        }
    }

    mutating func update(popup launch: Identifier, _ change: (inout Popup) -> Void) {
        guard let index = popups.lastIndex(where: { $0.launch == launch }) else { return }
        change(&popups[index])
    }
}
