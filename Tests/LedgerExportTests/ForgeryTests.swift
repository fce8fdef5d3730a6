import MerkleLog
import Testing

@testable import LedgerExport

@Suite("Forged bundles", .timeLimit(.minutes(5)))
struct ForgeryTests {
    @Test("a forgery is refused, and only because of the check for it", arguments: Forgery.allCases)
    func refused(_ forgery: Forgery) throws {
        let key = try SampleLog.signer(1).key
        let bundle = try forgery.bundle()
        let findings = try bundle.findings(keys: [key])
        #expect(Set(findings.map(\.kind)) == forgery.kinds, "\(findings)")
        let without = try bundle.findings(keys: [key], without: forgery.checks)
        #expect(without.isEmpty, "\(without)")
        for check in forgery.checks where forgery.checks.count > 1 {
            let others = forgery.checks.subtracting([check])
            #expect(try !bundle.findings(keys: [key], without: others).isEmpty, "\(check)")
        }
    }

    @Test("every kind of check is needed by some forgery")
    func complete() {
        let needed = Forgery.allCases.filter { $0.checks.count == 1 }.flatMap(\.checks)
        #expect(Set(BundleVerification.Check.allCases) == Set(needed))
    }

    @Test("the independent verifier refuses the same forgeries")
    func python() async throws {
        let forgeries = Forgery.allCases.filter(\.isSeenByPython)
        let key = try SampleLog.signer(1).key.description
        let answers = try await PythonVerifier.ask(try forgeries.map { try $0.bundle() }, key: key)
        for (forgery, answer) in zip(forgeries, answers) {
            #expect(!answer.accepted, "\(forgery): \(answer.message)")
        }
    }

    @Test("a forgery under another key is accepted only by who names no key, and is told so")
    func unpinned() throws {
        let bundle = try Forgery.otherLogKey.bundle()
        let folder = try bundle.write()
        let report = try BundleVerification.run(folder: folder.path, keys: [])
        #expect(report.findings.isEmpty)
        #expect(report.keySource == .bundle)
    }

    @Test("cosignatures of witnesses that the caller names are checked, and named")
    func witnesses() throws {
        let log = try SampleLog(30)
        let witness = try Cosigner(name: "witness", seed: [UInt8](repeating: 5, count: 32))
        for size in [30, 29] {
            // The second time the witness signed another checkpoint than the one it stands under.
            var bundle = try EditableBundle(log, log.plan())
            var note = try log.checkpoint(30)
            let signed = try Checkpoint(try log.checkpoint(size).text)
            try note.add([try witness.sign(signed, time: 1_780_000_000)])
            bundle.files["checkpoint"] = note.bytes
            try bundle.resum(signedBy: log.signer)
            let keys = [log.signer.key, witness.key]
            let folder = try bundle.write()
            let report = try BundleVerification.run(folder: folder.path, keys: keys)
            #expect(report.findings.isEmpty == (size == 30))
            #expect(report.witnesses.map(\.name) == (size == 30 ? ["witness"] : []))
            let unasked = try BundleVerification.run(folder: folder.path, keys: [log.signer.key])
            #expect(unasked.findings.isEmpty && unasked.witnesses.isEmpty)
        }
    }

    @Test("a position is named where there is one")
    func positions() throws {
        let key = try SampleLog.signer(1).key
        let finding = try #require(try Forgery.swappedEvents.bundle().findings(keys: [key]).first)
        #expect(finding.file == "events.ndjson" && finding.line == 2 && finding.position != nil)
        let row = try #require(try Forgery.changedCell.bundle().findings(keys: [key]).first)
        #expect(row.position != nil)
    }
}
