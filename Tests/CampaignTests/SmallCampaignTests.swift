import Campaign
import Foundation
import TestSupport
import Testing

/// A small campaign with one seed: each fault once or a few times (`make campaign` does it often).
///
/// Serialized: each runs several worlds of whole processes at once.
@Suite("a small campaign", .serialized, .timeLimit(.minutes(8)))
struct SmallCampaignTests {
    private static let seed: UInt64 = 20_261_128

    @Test("no fault breaks a promise")
    func faults() async throws {
        let jobs = [
            Job(.everyCrashPoint, rounds: 1, injectionsPerRound: 1),
            Job(.provider, rounds: 1, injectionsPerRound: 4),
            Job(.serviceKilled, rounds: 1, injectionsPerRound: 3),
            Job(.serverKilled, rounds: 1, injectionsPerRound: 2),
            Job(.backendKilled, rounds: 1, injectionsPerRound: 2),
            Job(.commitLost, rounds: 1, injectionsPerRound: 12),
            Job(.databaseLink, rounds: 1, injectionsPerRound: 3),
            Job(.serviceFrozen, rounds: 1, injectionsPerRound: 1),
            Job(.copyKilled, rounds: 1, injectionsPerRound: 2),
            Job(.diskFull, rounds: 1, injectionsPerRound: 1),
            Job(.powerCut, rounds: 1, injectionsPerRound: 1),
        ]
        try await expectGood(jobs)
    }

    @Test("another node of the database takes over, and nothing is lost")
    func failovers() async throws {
        try await expectGood([
            Job(.primaryKilled, rounds: 1, injectionsPerRound: 1),
            Job(.switchover, rounds: 1, injectionsPerRound: 1),
        ])
    }

    @Test("a power cut does lose what a careless server confirmed, so it proves something")
    func controls() async throws {
        try await expectGood([
            Job(.unsyncedPowerCut, rounds: 3, injectionsPerRound: 1),
            // The server writes its log a few times a second by itself, so not every cut finds something.
            Job(.asynchronousPowerCut, rounds: 10, injectionsPerRound: 1),
        ])
    }

    private func expectGood(_ jobs: [Job]) async throws {
        let campaign = Campaign(
            program: try TestProgram.path,
            seed: Self.seed,
            jobs: jobs,
            worlds: 5
        )
        let reports = await campaign.run { _ in }
        #expect(reports.count == jobs.count)
        #expect(CampaignTable(reports).violations == [])
        for report in reports { #expect(report.rounds > 0 && report.visits > 0) }
    }
}
