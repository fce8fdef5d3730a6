/// What an operation may cost at most beside another one in the same round, in processor time, so
/// that neither the machine nor its neighbours count.
///
/// What PostgreSQL spends on an append in full batches is the same in every build, and is bounded
/// at less than twice of what was measured: 0.34 and 0.43 (debug), 0.26 and 0.35 (release) of one
/// transaction of pgbench's. What the service spends is many times more in a debug build, but so is
/// an empty request: a launch was 3.4 of these (debug) and 7.1 (release), a read 1.9 and 3.1. Who
/// makes something cheaper lowers its bound.
extension Aim {
    static let gateKnown = Aim(
        name: "PostgreSQL, launch of a known user in full batches / pgbench",
        aim: 0.6,
        isCeiling: true
    )
    static let gateNew = Aim(
        name: "PostgreSQL, launch of a new user in full batches / pgbench",
        aim: 0.75,
        isCeiling: true
    )
    static let gateRead = Aim(
        name: "PostgreSQL, user read over HTTP / pgbench",
        aim: 2.5,
        isCeiling: true
    )
    static let gateLaunch = Aim(
        name: "service, launch of a new user over HTTP / livez",
        aim: 9,
        isCeiling: true
    )
    static let gateUser = Aim(
        name: "service, user read over HTTP / livez",
        aim: 5,
        isCeiling: true
    )
}
