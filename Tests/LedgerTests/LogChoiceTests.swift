import Ledger
import Testing

@Suite("Names of logs", .timeLimit(.minutes(1)))
struct LogChoiceTests {
    private static let three = Logs(pairs: 3)

    @Test("the name of a kind is all its logs, or that of who is asked about")
    func kinds() throws {
        let facts = try #require(LogChoice(name: "facts"))
        #expect(facts == LogChoice(.facts))
        #expect(!facts.isOne && facts.log == .facts)
        #expect(Self.three.list(facts) == Self.three.list(.facts))
        #expect(Logs.one.list(facts) == [.facts])
        let access = try #require(LogChoice(name: "access"))
        for pair in 0..<3 {
            let user = Identifier(value: UInt128(2 * pair) << 52)
            #expect(Self.three.list(facts, about: user) == [Log(.facts, pair: pair)])
            #expect(Self.three.list(access, about: user) == [Log(.access, pair: pair)])
        }
        // Whose log there is not is nobody, of whom any log has nothing.
        let nobody = Identifier(value: UInt128(8) << 52)
        #expect(Self.three.list(facts, about: nobody) == [.facts])
    }

    @Test("a name with a number is that log alone, the first as well, whoever is asked about")
    func ones() throws {
        for log in Logs(pairs: Log.pairsMax).all {
            let choice = try #require(LogChoice(name: log.ownName))
            #expect(choice.isOne && choice.log == log && choice.name == log.ownName)
            #expect(Self.three.list(choice, about: Identifier(value: 0)) == [log])
        }
    }

    @Test(
        "nothing else is a name",
        arguments: [
            "", "fact", "Facts", "facts-", "facts-01", "facts-00", "facts--1", "facts-512",
            "facts-1 ", "facts1", "facts-0x1", "facts-+1", "log-1", "0", "facts-１",
        ]
    )
    func nothing(name: String) {
        #expect(LogChoice(name: name) == nil)
    }

    @Test("what may be named is said in words")
    func words() {
        #expect(Logs.one.names([.facts]) == "facts")
        #expect(Logs.one.names([.facts, .access, .map]) == "facts, access or map")
        #expect(Self.three.names([.facts]) == "facts or facts-0 to facts-2")
        #expect(
            Self.three.names([.facts, .access])
                == "facts, access, facts-0 to facts-2 or access-0 to access-2"
        )
    }
}
