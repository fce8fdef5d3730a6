/// What a client waits for, and how much it holds.
enum ClientLimits {
    /// A host that takes longer to accept a connection is away.
    static let connectTimeMax: Duration = .seconds(10)
    /// For a call as a whole: a finish takes as long as the provider, and that has 15 s.
    static let callTimeMax: Duration = .seconds(60)
    /// Longer than any answer to one call.
    static let answerBytesMax = 1 << 20
    /// A call whose connection is lost is made once more: a connection that was kept may have ended
    /// while nobody looked.
    static let triesMax = 2
    /// Nesting of the answers that are read.
    static let jsonDepthMax = 64

    /// The service says something every 15 s; whoever is silent for longer is lost.
    static let silenceMax: Duration = .seconds(45)
    /// How long the head of a stream may be waited for.
    static let headTimeMaxSeconds: Int64 = 30
    static let eventBytesMax = 1 << 20
    /// How long to wait before following again, unless the service says so, and at most.
    static let pause: Duration = .seconds(1)
    static let pauseMax: Duration = .seconds(30)

    /// Of how many users the answer is kept, so that an unchanged one need not be sent again.
    static let usersRememberedMax = 10_000
}
