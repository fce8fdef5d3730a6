import Foundation
import Ledger
import Testing

@testable import LedgerExport

@Suite("The table", .timeLimit(.minutes(5)))
struct CSVTableTests {
    private func table(_ log: SampleLog) throws -> [UInt8] {
        var table = CSVTable.header
        for (position, record) in log.records.enumerated() {
            try CSVTable.append(record[...], position: Int64(position), to: &table)
        }
        return table
    }

    /// The cells that a record has, by its values.
    private func cells(_ record: Record, _ position: Int) throws -> [String] {
        let text = String(decoding: record.encoded(), as: UTF8.self)
        let data = try #require(text.range(of: ",\"data\":"))
        let cells: [String?] = [
            String(position), record.id.description, "/apps/" + record.clientID,
            "\(record.event.type)", record.subject?.description,
            record.subjectVersion.map { String($0) }, record.time.description, record.actor,
            record.causedBy?.description, record.requestID, record.traceparent,
            String(text[data.upperBound...].dropLast()),
        ]
        return cells.map { cell in
            let cell = cell ?? ""
            let isFormula = "=+-@\t\r".unicodeScalars.contains { cell.unicodeScalars.first == $0 }
            return isFormula ? "'" + cell : cell
        }
    }

    @Test("what Python's csv module reads back are the records' values")
    func readBack() async throws {
        let log = try SampleLog(200)
        let folder = try TemporaryFolder()
        try folder.write("events.csv", try table(log))
        let program = """
            import csv, json, sys
            with open(sys.argv[1], newline="", encoding="utf-8") as file:
                for row in csv.reader(file, strict=True): print(json.dumps(row))
            """
        let answer = try await PythonVerifier.run(["-c", program, folder.file("events.csv")])
        #expect(answer.status == 0, "\(answer.text)")
        let rows = try answer.text.split(separator: "\n").map {
            try JSONDecoder().decode([String].self, from: Data($0.utf8))
        }
        try #require(rows.count == 201)
        #expect(
            rows[0].joined(separator: ",") + "\r\n"
                == String(decoding: CSVTable.header, as: UTF8.self)
        )
        for (position, record) in log.decoded.enumerated() {
            #expect(try rows[position + 1] == cells(record, position))
        }
    }

    @Test("no cell begins like a formula, and quotes stand only where needed")
    func cells() throws {
        let record = Record(
            id: Identifier(value: 1),
            clientID: "a",
            subject: nil,
            time: Timestamp(microseconds: 0),
            subjectVersion: -3,
            context: RecordContext(actor: "=1+1", requestID: "+,\"", traceparent: "\r"),
            event: .launchClosed(launch: Identifier(value: 2))
        )
        var row: [UInt8] = []
        try CSVTable.append(record.encoded()[...], position: 7, to: &row)
        #expect(
            String(decoding: row, as: UTF8.self)
                == "7,00000000-0000-0000-0000-000000000001,/apps/a,launch.closed,,'-3,"
                + "1970-01-01T00:00:00.000000Z,'=1+1,,\"'+,\"\"\",\"'\r\",\"{\"\"launch\"\":"
                + "\"\"00000000-0000-0000-0000-000000000002\"\"}\"\r\n"
        )
        for character in ["=", "+", "-", "@", "\t", "\r"] {
            var row: [UInt8] = []
            let record = Record(
                id: Identifier(value: 1),
                clientID: "a",
                subject: nil,
                time: Timestamp(microseconds: 0),
                subjectVersion: nil,
                context: RecordContext(actor: character + "x"),
                event: .connectionBroken(reason: "x")
            )
            try CSVTable.append(record.encoded()[...], position: 0, to: &row)
            let text = String(decoding: row, as: UTF8.self)
            #expect(text.contains("'" + character + "x"), "\(text)")
        }
    }

    @Test("what is no record writes nothing")
    func malformed() throws {
        let record = try #require(try SampleLog(1).records.first)
        var table = CSVTable.header
        for count in 0..<record.count where count < record.count - 2 {
            #expect(throws: RecordError.self) {
                try CSVTable.append(record.prefix(count), position: 0, to: &table)
            }
        }
        #expect(table == CSVTable.header)
    }
}
