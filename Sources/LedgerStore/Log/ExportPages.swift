internal import Ledger

/// What is exported, page by page: one log after the other.
package struct ExportPages: Sendable {
    /// Where an export goes on.
    package struct Place: Sendable {
        /// Which of its logs it is, by the number of the request.
        package let index: Int
        package let position: Int64
    }

    /// A page, where it begins, and where the next one does.
    package final class Part: Sendable {
        package let page: ExportPage
        package let place: Place
        /// Nil after the last.
        package let next: Place?

        init(_ page: ExportPage, at place: Place, next: Place?) {
            self.page = page
            self.place = place
            self.next = next
        }
    }

    private let store: LedgerStore
    /// One for each log.
    package let requests: [ExportRequest]

    /// The records that requests ask for, at least one.
    package init(store: LedgerStore, requests: [ExportRequest]) {
        precondition(!requests.isEmpty, "An export is of some log.")
        self.store = store
        self.requests = requests
    }

    /// Where it begins.
    package var start: Place {
        Place(index: 0, position: requests[0].positions.lowerBound)
    }

    /// The page at a place.
    package func part(at place: Place) async throws(StoreError) -> Part {
        let page = try await store.exportPage(requests[place.index], from: place.position)
        if let next = page.next {
            return Part(page, at: place, next: Place(index: place.index, position: next))
        }
        let index = place.index + 1
        guard index < requests.count else { return Part(page, at: place, next: nil) }
        let start = requests[index].positions.lowerBound
        return Part(page, at: place, next: Place(index: index, position: start))
    }

    /// Hands over each page in order, and reads the next one meanwhile.
    package func forEach(_ body: (Part) async throws -> Void) async throws {
        var part = try await part(at: start)
        while let next = part.next {
            async let following = self.part(at: next)
            try await body(part)
            part = try await following
        }
        try await body(part)
    }

    /// Which positions are gone through: those of the log, or of several logs as many.
    package var positions: Range<Int64> {
        guard requests.count > 1 else { return requests[0].positions }
        return 0..<requests.reduce(0) { $0 + Int64($1.positions.count) }
    }

    /// How far a place is in `positions`.
    package func reached(_ place: Place) -> Int64 {
        let before = requests[..<place.index].reduce(0) { $0 + Int64($1.positions.count) }
        let inLog = place.position - requests[place.index].positions.lowerBound
        return positions.lowerBound + before + inLog
    }
}
