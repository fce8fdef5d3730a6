import Foundation

/// The one holder of the state: a change is on disk before its caller hears of it.
actor SandboxProvider {
    private(set) var state: SandboxState
    private let file: StateFile?
    private var forgotAt = Date.distantPast
    private var changes = 0
    private var savedChanges = 0
    private var isSaving = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var saveFailure: SandboxError?

    init(configuration: SandboxConfiguration) throws(SandboxError) {
        let file = configuration.stateFile.map { StateFile(path: $0) }
        var state = try file?.load() ?? SandboxState()
        for app in configuration.apps { state.apps[app.clientID] = app }
        state.switches = configuration.switches
        try file?.save(state)
        self.state = state
        self.file = file
    }

    /// Makes a change and saves it, also when it ends in a refusal.
    func change<Result: Sendable>(
        _ body: @Sendable (inout SandboxState, Date) throws(SandboxRefusal) -> Result
    ) async throws -> Result {
        let now = Date()
        if now.timeIntervalSince(forgotAt) > SandboxLimits.forgetSeconds {
            state.forgetOldSessions(now: now)
            forgotAt = now
        }
        let result: Swift.Result<Result, SandboxRefusal>
        do {
            result = .success(try body(&state, now))
        } catch {
            result = .failure(error)
        }
        try await save()
        return try result.get()
    }

    var switches: SandboxSwitches { state.switches }

    func clientUserID(ofHuman humanID: String) -> String? {
        state.users[humanID]?.clientUserID
    }

    /// Looks without changing.
    ///
    /// What leaves here should be small: while a copy of the whole state is held elsewhere, the
    /// next change has to copy all of it.
    func read<Result: Sendable>(
        _ body: @Sendable (SandboxState, Date) throws(SandboxRefusal) -> Result
    ) throws(SandboxRefusal) -> Result {
        try body(state, Date())
    }

    /// Waits until the file holds all changes made so far.
    ///
    /// One save runs at a time; changes that come meanwhile share the next one.
    private func save() async throws(SandboxError) {
        guard let file else { return }
        changes += 1
        let mine = changes
        while savedChanges < mine {
            if isSaving {
                await withCheckedContinuation { waiting.append($0) }
                continue
            }
            isSaving = true
            let upTo = changes
            saveFailure = await Self.write(state, to: file)
            savedChanges = upTo
            isSaving = false
            let released = waiting
            waiting = []
            for continuation in released { continuation.resume() }
        }
        if let saveFailure { throw saveFailure }
    }

    @concurrent
    private static func write(_ state: SandboxState, to file: StateFile) async -> SandboxError? {
        do {
            try file.save(state)
            return nil
        } catch {
            return error
        }
    }
}
