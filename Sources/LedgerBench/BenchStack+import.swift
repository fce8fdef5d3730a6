internal import Foundation
internal import SystemPackage
internal import Wire

/// How many lines are written to the file at once.
private let linesOfChunk = 10_000
private let bytesPerMegabyte = 1_000_000.0

extension BenchStack {
    /// Measures taking over users with their tokens from a file.
    package func importUsers() async throws -> BenchReport {
        let file = "\(folder)/users.csv"
        tell("Writing a file of \(plan.users) users …")
        try writeUsers(to: file)
        let program = ImportProgram(ledger: ledger)
        var most = 0
        func measure(
            _ name: String,
            _ flags: [String] = [],
            _ member: String
        ) async throws -> Measurement {
            tell("Measuring: \(name) …")
            let before = try meter.now(ended: true)
            let run = try await program.run(file, flags)
            var spent = try meter.now(ended: true) - before
            spent.service = run.processorSeconds
            guard run.document[member] == .number("\(plan.users)") else {
                throw BenchError.notWritten
            }
            most = max(most, run.memoryBytesMax)
            return Measurement(
                name: name,
                count: plan.users,
                seconds: run.seconds,
                processor: spent
            )
        }
        let measurements = [
            try await measure("import --dry-run", ["--dry-run"], "new"),
            try await measure("import", [], "written"),
            try await measure("import of the same file again", [], "present"),
        ]
        return BenchReport(
            title: "import",
            measurements: measurements,
            notes: [
                "The program is a process of its own, whose start is counted, and held "
                    + "\(BenchReport.decimal(Double(most) / bytesPerMegabyte)) MB at most. Per second "
                    + "are users; PostgreSQL's time is that of all that it has ended meanwhile.",
                "The aims: 1,000,000 users in constant memory, at 5,000 users a second or more.",
            ]
        )
    }

    /// Users as another system may hold them; nobody but the owner may read the file.
    private func writeUsers(to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path),
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        try file.closeAfter {
            try file.writeAll("clientUserId,humanId,publicToken,accessToken\n".utf8)
            for start in stride(from: 0, to: plan.users, by: linesOfChunk) {
                var text = ""
                for number in start..<min(plan.users, start + linesOfChunk) {
                    let digits = String(format: "%08x", number)
                    // As long as the provider's.
                    let human = String(repeating: digits, count: 4)
                    text +=
                        "import-\(port)-\(number)@example.com,\(human),p\(human),a\(human)\(human)\n"
                }
                try file.writeAll(text.utf8)
            }
        }
    }
}
