/// Decides which traces are recorded, by the samplers that OpenTelemetry has names for.
package struct Sampler: Sendable, Equatable {
    /// What is decided for a trace that begins here.
    private enum Root: Equatable {
        case all
        case none
        /// Those whose last 56 bits are at least this.
        case from(UInt64)
    }

    private let root: Root
    /// Whether a trace that began elsewhere is recorded exactly if it is there.
    private let followsParent: Bool

    /// What is so unless somebody names another one: OpenTelemetry's own choice.
    package static let usualName = "parentbased_always_on"

    /// The sampler of a name in `OTEL_TRACES_SAMPLER`; nil for one that is not known here, and for
    /// an argument that is no share from 0 to 1.
    package init?(name: String, argument: String?) {
        let prefix = "parentbased_"
        followsParent = name.hasPrefix(prefix)
        switch followsParent ? String(name.dropFirst(prefix.count)) : name {
        case "always_on": root = .all
        case "always_off": root = .none
        case "traceidratio":
            guard let share = argument.map({ Double($0) }) ?? 1, (0...1).contains(share) else {
                return nil
            }
            root = .from(UInt64((1 - share) * Self.randomnessEnd))
        default: return nil
        }
    }

    /// 2⁵⁶: OpenTelemetry takes the last seven bytes of a trace's id for random, so that whoever
    /// samples the same share keeps the same traces.
    private static let randomnessEnd = 72_057_594_037_927_936.0

    /// Whether a trace is recorded here; `parent` is who continues it, if anybody who may.
    func samples(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        return switch root {
        case .all: true
        case .none: false
        case .from(let least): trace.low & 0x00FF_FFFF_FFFF_FFFF >= least
        }
    }
}
