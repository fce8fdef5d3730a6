/// What an operation may cost at most beside another one in the same round, in processor time, so
/// that neither the machine nor its neighbours count.
///
/// What PostgreSQL spends on an append in full batches is the same in every build, and is bounded
/// at about twice of what was measured: 0.24 and 0.21 (debug), 0.25 and 0.23 (release) of one
/// transaction of pgbench's. What the service spends is many times more in a debug build, but so is
/// an empty request: a launch was 2.7 of these (debug) and 4.0 (release), a read 1.6 and 2.2. Who
/// makes something cheaper lowers its bound.
extension Aim {
    static let gateKnown = Aim(
        name: "PostgreSQL, launch of a known user in full batches / pgbench",
        aim: 0.5,
        isCeiling: true
    )
    static let gateNew = Aim(
        name: "PostgreSQL, launch of a new user in full batches / pgbench",
        aim: 0.45,
        isCeiling: true
    )
    static let gateRead = Aim(
        name: "PostgreSQL, user read over HTTP / pgbench",
        aim: 0.6,
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
