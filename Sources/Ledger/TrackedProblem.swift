/// One problem as the log tells it: from its first occurrence on the same one, however often it comes
/// and goes.
package struct TrackedProblem: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// Somebody should look.
        case open
        /// Somebody has looked, and wants to hear no more of it until it is resolved.
        case muted
        /// What the log tells has ended it.
        case resolved
    }

    /// How many positions of events are remembered, the last ones: as many as a page shows.
    package static let positionsMax = 16
    /// How many finalizes without an outcome are remembered: as many as a launch takes sessions.
    package static let finalizesMax = 32

    package let name: ProblemName
    package internal(set) var state: State
    /// What the last occurrence said: a word of a closed list, or a status of HTTP; nil where it says
    /// nothing.
    package internal(set) var reason: String?
    /// How often it occurred.
    package internal(set) var occurrences: Int64
    /// How often it was opened: more than once where it came again after it was resolved.
    package internal(set) var openings: Int64
    /// The first occurrence.
    package let first: Moment
    /// The occurrence that opened it last.
    package internal(set) var opened: Moment
    /// The last occurrence.
    package internal(set) var last: Moment
    /// When it came into its state.
    package internal(set) var changedAt: Timestamp
    /// Who muted it, as records name an actor; nil unless it is muted.
    package internal(set) var mutedBy: String?
    /// The finalizes whose outcome it waits for, where it is `unresolved`.
    package internal(set) var finalizes: [Identifier]
    /// Where its last events stand in the log of facts, in order.
    package internal(set) var positions: [Int64]

    /// A place in the log of facts, and the time of the record there.
    package struct Moment: Sendable, Equatable {
        package let position: Int64
        package let time: Timestamp

        package init(position: Int64, time: Timestamp) {
            self.position = position
            self.time = time
        }
    }

    /// Whether it is open and was resolved before.
    package var isReopened: Bool { state == .open && openings > 1 }

    /// A problem as it was kept.
    package init(
        name: ProblemName,
        state: State,
        reason: String?,
        occurrences: Int64,
        openings: Int64,
        first: Moment,
        opened: Moment,
        last: Moment,
        changedAt: Timestamp,
        mutedBy: String?,
        finalizes: [Identifier],
        positions: [Int64]
    ) {
        self.name = name
        self.state = state
        self.reason = reason
        self.occurrences = occurrences
        self.openings = openings
        self.first = first
        self.opened = opened
        self.last = last
        self.changedAt = changedAt
        self.mutedBy = mutedBy
        self.finalizes = finalizes
        self.positions = positions
    }

    /// One that has occurred for the first time, and not been counted yet.
    init(_ name: ProblemName, at moment: Moment) {
        self.init(
            name: name,
            state: .resolved,
            reason: nil,
            occurrences: 0,
            openings: 0,
            first: moment,
            opened: moment,
            last: moment,
            changedAt: moment.time,
            mutedBy: nil,
            finalizes: [],
            positions: []
        )
    }
}

extension TrackedProblem {
    /// It occurred: what was resolved is open again, and what was muted stays so.
    ///
    /// What is said again of a finalize that it waits for already is no further occurrence.
    mutating func occur(_ reason: String?, waitingFor finalize: Identifier?, at moment: Moment) {
        if state == .resolved {
            enter(.open, at: moment)
            openings += 1
            opened = moment
        }
        self.reason = reason
        last = moment
        note(moment)
        if let finalize {
            guard !finalizes.contains(finalize) else { return }
            finalizes = finalizes.suffix(Self.finalizesMax - 1) + [finalize]
        }
        occurrences += 1
    }

    /// Its cause is gone.
    mutating func resolve(at moment: Moment) {
        guard state != .resolved else { return }
        enter(.resolved, at: moment)
        finalizes = []
        note(moment)
    }

    /// A finalize has an outcome; it is resolved with the last one.
    mutating func settle(_ finalize: Identifier, at moment: Moment) {
        guard finalizes.contains(finalize) else { return }
        finalizes.removeAll { $0 == finalize }
        if finalizes.isEmpty { resolve(at: moment) }
    }

    /// Only an open one can be muted.
    package mutating func mute(by actor: String, at moment: Moment) {
        guard state == .open else { return }
        enter(.muted, at: moment)
        mutedBy = actor
        note(moment)
    }

    /// Only a muted one can be unmuted.
    package mutating func unmute(at moment: Moment) {
        guard state == .muted else { return }
        enter(.open, at: moment)
        note(moment)
    }

    private mutating func enter(_ state: State, at moment: Moment) {
        self.state = state
        changedAt = moment.time
        mutedBy = nil
    }

    private mutating func note(_ moment: Moment) {
        positions = positions.suffix(Self.positionsMax - 1) + [moment.position]
    }
}
