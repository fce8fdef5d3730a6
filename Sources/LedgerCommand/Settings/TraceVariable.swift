import Console

/// A variable of OpenTelemetry's that counts here, under the name that its specification gives it.
///
/// They are no settings of ours: no flag and no file has them, and others may have set them for
/// everything that runs on the machine.
enum TraceVariable: String, CaseIterable {
    case isDisabled = "OTEL_SDK_DISABLED"
    case exporter = "OTEL_TRACES_EXPORTER"
    case endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
    case tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    case form = "OTEL_EXPORTER_OTLP_PROTOCOL"
    case tracesForm = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
    case headers = "OTEL_EXPORTER_OTLP_HEADERS"
    case tracesHeaders = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
    case timeMax = "OTEL_EXPORTER_OTLP_TIMEOUT"
    case tracesTimeMax = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
    case sampler = "OTEL_TRACES_SAMPLER"
    case samplerArgument = "OTEL_TRACES_SAMPLER_ARG"
    case serviceName = "OTEL_SERVICE_NAME"
    case resource = "OTEL_RESOURCE_ATTRIBUTES"
    case propagators = "OTEL_PROPAGATORS"
}

extension TraceVariable {
    /// What is so when nobody sets it.
    var usual: String {
        switch self {
        case .isDisabled: "false"
        case .exporter: "otlp"
        case .form: TraceSettings.form
        case .timeMax: "\(TraceSettings.usualMilliseconds)"
        case .sampler: TraceSettings.usualSampler
        case .serviceName: TraceSettings.usualName
        case .propagators: TraceSettings.propagator
        case .endpoint, .tracesEndpoint, .tracesForm, .headers, .tracesHeaders, .tracesTimeMax,
            .samplerArgument, .resource:
            "not set"
        }
    }

    /// A value that is set, as people are shown it: headers are keys, and an address that cannot be used
    /// may have one in it.
    func shown(_ value: String) -> String {
        switch self {
        case .headers, .tracesHeaders: "set, not shown"
        case .endpoint, .tracesEndpoint:
            TraceSettings.isUsable(value) ? value : "set, and cannot be used"
        default: value
        }
    }
}
