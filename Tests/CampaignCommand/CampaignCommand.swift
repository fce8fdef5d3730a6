import ArgumentParser
import Campaign
import Foundation

/// `campaign`: injects faults into worlds of real processes, and checks every promise afterwards.
@main
struct CampaignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign",
        abstract: "Kill, cut and starve the service, and check every promise afterwards.",
        discussion: """
            Runs the program that stands beside it, with a PostgreSQL (fsync on) and a sandbox \
            provider for each world. Needs root for the disks that lose their power. The same seed \
            injects the same faults for the same users; the scheduler still decides what runs when. \
            Faults: \(Fault.all.map(\.name).joined(separator: ", ")).
            """,
        subcommands: [HACommand.self]
    )

    /// Much of a world's time is waiting, so two cores carry several.
    private static let usualWorlds = 6

    @Option(help: "Decides users, habits, and when what is injected.")
    var seed: UInt64?

    @Option(help: "Only this fault; repeatable.")
    var only: [String] = []

    @Option(help: "How many worlds live at once.")
    var worlds: Int = usualWorlds

    @Option(help: "The program to try, instead of the one beside this.")
    var program: String?

    @Option(
        help: """
            Build this broken variant of the service instead, or "all" of them, and see that the \
            campaign finds it; repeatable.
            """
    )
    var broken: [String] = []

    func validate() throws {
        for name in only where Fault(name: name) == nil {
            throw ValidationError("There is no fault \(name).")
        }
        let names = BrokenVariant.all.map(\.name) + ["all"]
        for name in broken where !names.contains(name) {
            throw ValidationError("There is no variant \(name). \(names.joined(separator: ", ")).")
        }
        guard worlds > 0 else { throw ValidationError("A campaign needs a world.") }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...999_999)
        guard broken.isEmpty else { return try await findBroken(seed) }
        let faults = only.compactMap { Fault(name: $0) }
        let jobs =
            faults.isEmpty
            ? Campaign.usualJobs
            : (Campaign.usualJobs + Campaign.failoverJobs).filter { faults.contains($0.fault) }
        let campaign = Campaign(
            program: try program ?? Self.programBeside(),
            seed: seed,
            jobs: jobs,
            worlds: worlds
        )
        Self.say("seed \(seed), \(jobs.count) worlds, \(worlds) at a time")
        let begin = ContinuousClock.now
        let reports = await campaign.run { Self.say($0.summary) }
        let table = CampaignTable(reports)
        Self.say("\n\(table.markdown)\n")
        let seconds = Int((ContinuousClock.now - begin) / .seconds(1))
        Self.say("seed \(seed), \(Date.now.formatted(.iso8601)), \(seconds) s")
        guard table.violations.isEmpty else {
            for violation in table.violations { Self.say("BROKEN \(violation)") }
            throw ExitCode(1)
        }
        Self.say("Every promise was kept.")
    }

    /// Builds each variant, and sees that its rounds find the rule broken.
    private func findBroken(_ seed: UInt64) async throws {
        let build = BrokenBuild(root: FileManager.default.currentDirectoryPath)
        var missed: [String] = []
        for variant in BrokenVariant.all
        where broken.contains(variant.name) || broken.contains("all") {
            let missing = await Self.missing(of: variant, build, seed)
            if let missing { missed.append("\(variant.name): \(missing)") }
        }
        guard missed.isEmpty else {
            for line in missed { Self.say("NOT FOUND \(line)") }
            throw ExitCode(1)
        }
        Self.say("Every broken variant was found.")
    }

    /// What of a variant was not found; nil when all was.
    private static func missing(
        of variant: BrokenVariant,
        _ build: BrokenBuild,
        _ seed: UInt64
    ) async -> String? {
        do {
            let program = try await build.make(variant)
            let report = try await variant.job.run(program: program, seed: seed)
            say("\(variant.name) (\(variant.meaning)): \(report.summary)")
            let missing = variant.rules.filter { rule in
                !report.violations.contains { $0.rule == rule }
            }
            return missing.isEmpty ? nil : missing.map(\.rawValue).joined(separator: ", ")
        } catch {
            return "\(error)"
        }
    }

    /// At once, also into a file: a campaign takes long.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    static func programBeside() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/token-ledger"
    }
}
