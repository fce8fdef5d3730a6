import LedgerImport
import Synchronization
import Wire

/// What `import` prints: every bad line as it is found, then the numbers.
///
/// Nothing is gathered, for a file may have very many bad lines. As JSON it is one document, a line
/// of text for each bad line.
final class ImportReport: Sendable {
    private let isJSON: Bool
    private let hasBad = Mutex(false)

    init(isJSON: Bool) {
        self.isJSON = isJSON
        if isJSON { Terminal.result("{\"bad_lines\":[") }
    }

    /// Tells a bad line.
    func tell(_ line: Int64, _ flaw: LineFlaw) {
        guard isJSON else { return Terminal.result("line \(line): \(flaw)") }
        var members: [JSONValue.Member] = [
            .init("line", .number("\(line)")), .init("reason", .string(flaw.code)),
        ]
        if let other = flaw.otherLine { members.append(.init("other_line", .number("\(other)"))) }
        let isFurther = hasBad.withLock { hasBad in
            defer { hasBad = true }
            return hasBad
        }
        let text = String(decoding: JSONValue.object(members).encoded, as: UTF8.self)
        Terminal.result(isFurther ? ",\(text)" : text)
    }

    /// Tells the numbers; without a result nothing was written.
    func end(_ plan: ImportPlan, _ result: ImportRun.Result?) {
        let present = plan.present + (result?.present ?? 0)
        let bad = plan.bad + Int64(result?.refused.count ?? 0)
        if isJSON {
            Terminal.result(
                "],\"lines\":\(plan.lines),\"new\":\(plan.new),\"present\":\(present),"
                    + "\"bad\":\(bad),\"written\":\(result?.taken ?? 0)}"
            )
        } else if let result {
            Terminal.result(
                "\(result.taken) users taken over; \(present) were here already; "
                    + "\(bad) bad lines left out"
            )
        } else {
            Terminal.result(
                "\(plan.lines) users: \(plan.new) would be taken over, \(present) are here already, "
                    + "\(bad) lines are bad"
            )
        }
    }
}
