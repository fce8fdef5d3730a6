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
        let now = ContinuousClock.now
        for number in 0..<max { memory.set(Secret("h\(number)"), of: key(number), at: now) }
        memory.set(Secret("again"), of: key(0), at: now)
        memory.set(Secret("new"), of: key(max), at: now)
        #expect(memory.humanID(of: key(0), at: now) == Secret("again"))
        #expect(memory.humanID(of: key(1), at: now) == nil)
        #expect(memory.humanID(of: key(2), at: now) == Secret("h2"))
        memory.set(nil, of: key(2), at: now)
        #expect(memory.humanID(of: key(2), at: now) == nil)
        let other = UserMemory.Key(app: Identifier(value: 2), clientUserID: Secret("0"))
        #expect(memory.humanID(of: other, at: now) == nil)
    }

    @Test("nobody is remembered for five seconds, for the user may be erased meanwhile")
    func age() {
        var memory = UserMemory()
        let now = ContinuousClock.now
        memory.set(Secret("first"), of: key(1), at: now)
        memory.set(Secret("second"), of: key(2), at: now + .seconds(2))
        #expect(memory.humanID(of: key(1), at: now + .seconds(3)) == Secret("first"))
        #expect(memory.humanID(of: key(1), at: now + .milliseconds(4_500)) == nil)
        #expect(memory.humanID(of: key(2), at: now + .milliseconds(4_500)) == Secret("second"))
        #expect(memory.humanID(of: key(2), at: now + .seconds(7)) == nil)
    }
}
