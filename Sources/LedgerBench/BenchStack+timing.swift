internal import HumanConnect
internal import Ledger
internal import LedgerStack
internal import LedgerStore
internal import Vault
internal import Wire
internal import Synchronization

extension BenchStack {
    /// How many users of another app there are; each is asked for again and again.
    private static let foreignUsers = 1_000
    /// A comparison of 32 bytes takes less than the clock can tell.
    private static let repeats = 64
    /// How many keys and launches the samples are of.
    private static let inputs = 256
    /// How many digits of a key's id are shared with one that exists: each makes finding it take 16
    /// times as long.
    private static let sharedDigits = 2

    /// Compares the times of what a caller could learn from, measured where it happens
    /// (docs/threats.md#g21).
    package func timing(samples: Int) async throws -> TimingReport {
        var comparisons: [TimingComparison] = []
        // Many samples take long, so each is told as it comes.
        func take(_ one: TimingComparison) {
            tell("\(one.name), \(one.left) or \(one.right): |t| \(BenchReport.decimal(abs(one.t)))")
            comparisons.append(one)
        }
        take(try await control(samples))
        take(try await hashes(samples))
        take(try await rightHashes(samples))
        take(try await launchTokens(samples))
        take(try await unknownKeys(samples))
        take(try await users(samples))
        return TimingReport(comparisons: comparisons)
    }

    /// A hash that differs from a key's in one byte, or in none.
    ///
    /// A copy of its own in either case, for where a value lies in memory counts too; and made in the same
    /// steps, for what is done for one kind alone is still felt in what is measured next.
    private static func hash(
        _ key: APIKey,
        differingAt place: Int,
        _ differs: Bool = true
    ) -> [UInt8] {
        var hash = key.hash
        hash[place] ^= UInt8.random(in: 1...255) & (differs ? 0xFF : 0)
        return hash
    }

    private static let keys = (0..<inputs).map { _ in APIKey(isTest: true) }

    private static func anyKey() -> APIKey { keys[Int.random(in: 0..<inputs)] }

    /// The measurement itself: a comparison that ends at the first byte that differs is found.
    private func control(_ samples: Int) async throws -> TimingComparison {
        try await TimingComparison.measure(
            "control: a comparison that ends early",
            "first byte differs",
            "last byte differs",
            samples: samples,
            repeats: Self.repeats,
            isControl: true,
            prepare: { isLeft in
                let key = Self.anyKey()
                return (key, Self.hash(key, differingAt: isLeft ? 0 : 31))
            },
            call: { input in Self.keep(Self.endsEarly(input.0.hash, input.1)) }
        )
    }

    private static func endsEarly(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        for place in left.indices where left[place] != right[place] { return false }
        return true
    }

    private func hashes(_ samples: Int) async throws -> TimingComparison {
        try await TimingComparison.measure(
            "API key against a stored hash",
            "first byte differs",
            "last byte differs",
            samples: samples,
            repeats: Self.repeats,
            prepare: { isLeft in
                let key = Self.anyKey()
                return (key, Self.hash(key, differingAt: isLeft ? 0 : 31))
            },
            call: { input in Self.keep(input.0.hasHash(input.1)) }
        )
    }

    private func rightHashes(_ samples: Int) async throws -> TimingComparison {
        try await TimingComparison.measure(
            "API key against a stored hash",
            "wrong",
            "right",
            samples: samples,
            repeats: Self.repeats,
            prepare: { isLeft in
                let key = Self.anyKey()
                return (key, Self.hash(key, differingAt: 31, isLeft))
            },
            call: { input in Self.keep(input.0.hasHash(input.1)) }
        )
    }

    /// Tokens of launches whose MAC is wrong; a right one takes longer, and opens anyway.
    private func launchTokens(_ samples: Int) async throws -> TimingComparison {
        let vault = ledger.store.vault
        let tokens = (0..<Self.inputs).map { _ in
            vault.launchToken(ledger.store.clock.identifier()).exposed
        }
        return try await TimingComparison.measure(
            "launch token",
            "first byte of the MAC differs",
            "last byte differs",
            samples: samples,
            prepare: { isLeft in
                var bytes = Base64.url.decode(tokens[Int.random(in: 0..<Self.inputs)].utf8) ?? []
                bytes[isLeft ? 16 : 47] ^= UInt8.random(in: 1...255)
                return Base64.url.encode(bytes)
            },
            call: { input in Self.keep(vault.launch(of: input) != nil) }
        )
    }

    /// Keys of the right form that are nobody's, through the store's own check; each is new, for the
    /// store remembers those that it was asked for lately.
    private func unknownKeys(_ samples: Int) async throws -> TimingComparison {
        guard let own = APIKey(apiKey.exposed) else { throw BenchError.userNotFound }
        let near = String(own.id.prefix(Self.sharedDigits))
        let far = String(near.map { $0 == "0" ? "f" : "0" })
        let store = ledger.store
        return try await TimingComparison.measure(
            "unknown API key, through the store",
            "id begins like one that exists",
            "id begins otherwise",
            samples: samples,
            prepare: { isLeft in
                // Finding either takes as long.
                let beginning = isLeft ? near : far
                var key = APIKey(isTest: true)
                while !key.id.hasPrefix(beginning) { key = APIKey(isTest: true) }
                return key.secret.exposed
            },
            call: { input in
                guard case .unknown = try await store.authenticate(input, from: { nil }) else {
                    throw BenchError.userNotFound
                }
            }
        )
    }

    /// Users whom nobody has, and users of another app, through the store's own reading.
    private func users(_ samples: Int) async throws -> TimingComparison {
        let endpoints = ProviderEndpoints.humanAPI
        let other = try await ledger.register(
            NewApp(
                clientID: "bench-other",
                name: "Another app",
                clientSecret: Secret("unused"),
                appKey: nil,
                connectURL: endpoints.connect,
                userURL: endpoints.user,
                apiURL: endpoints.api,
                allowedOrigins: []
            )
        )
        let name = { @Sendable (number: Int) in "foreign user \(1_000_000 + number)" }
        _ = try await BenchHistory(store: ledger.store, app: other).connect(
            0..<Self.foreignUsers,
            keeps: false,
            name: name
        )
        let (store, app) = (ledger.store, app)
        return try await TimingComparison.measure(
            "user of an app, through the store",
            "nobody's",
            "another app's",
            samples: samples,
            prepare: { isLeft in
                let number = Int.random(in: 0..<Self.foreignUsers)
                return Secret(name(isLeft ? number + Self.foreignUsers : number))
            },
            call: { input in
                guard try await store.user(input, of: app) == nil else {
                    throw BenchError.userNotFound
                }
            }
        )
    }

    /// Keeps the optimizer from leaving out what nobody looks at.
    @inline(never)
    private static func keep(_ result: Bool) {
        kept.wrappingAdd(result ? 1 : 0, ordering: .relaxed)
    }

    private static let kept = Atomic(0)
}
