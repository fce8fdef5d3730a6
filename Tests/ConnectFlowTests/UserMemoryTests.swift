import Ledger
import Testing

@testable import ConnectFlow

@Suite("Persons who were found")
struct UserMemoryTests {
    private func key(_ number: Int) -> UserMemory.Key {
        UserMemory.Key(app: Identifier(value: 1), clientUserID: Secret("\(number)"))
    }

    @Test("so many are kept, the newest")
    func bound() {
        var memory = UserMemory()
        let max = FlowLimits.rememberedUsersMax
        for number in 0..<max { memory[key(number)] = Secret("h\(number)") }
        memory[key(0)] = Secret("again")
        memory[key(max)] = Secret("new")
        #expect(memory[key(0)] == Secret("again"))
        #expect(memory[key(1)] == nil)
        #expect(memory[key(2)] == Secret("h2"))
        memory[key(2)] = nil
        #expect(memory[key(2)] == nil)
        let other = UserMemory.Key(app: Identifier(value: 2), clientUserID: Secret("0"))
        #expect(memory[other] == nil)
    }
}
