// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    // Debug builds are the test builds; a release has no crash points.
    .define("CRASH_POINTS", .when(configuration: .debug)),
]

/// The numbered migrations, in order.
///
/// `Schema/Migration.swift` names them to the program.
let migrations = [
    "0001_schema.sql", "0002_refuse_change.sql", "0003_log.sql", "0004_event.sql",
    "0005_user_state.sql", "0006_master_key.sql", "0007_public.sql", "0008_data_key.sql",
    "0009_value.sql", "0010_lookup.sql", "0011_append_command.sql", "0012_is_well_formed.sql",
    "0013_project_user_state.sql", "0014_keep.sql", "0015_append_events.sql",
    "0016_append_single_events.sql", "0017_settle_events.sql", "0018_read_users.sql",
    "0019_token_index.sql", "0020_app.sql", "0021_api_key.sql", "0022_add_app.sql",
    "0023_add_api_key.sql", "0024_tile.sql", "0025_checkpoint.sql", "0026_publish_checkpoint.sql",
    "0027_probe_append.sql", "0028_update_app.sql", "0029_change_api_key.sql",
    "0030_api_key_use.sql", "0031_rewrap_keys.sql", "0032_erase.sql", "0033_drop_superseded.sql",
    "0034_access.sql", "0035_set_aside.sql", "0036_find_tokens.sql", "0037_webhook.sql",
    "0038_change_webhook.sql", "0039_deliver_webhooks.sql", "0040_problem.sql",
    "0041_record_problems.sql", "0042_append_unheld_tokens.sql", "0043_map_log.sql",
    "0044_read_states.sql", "0045_refused_claims.sql", "0046_reserve.sql",
    "0047_cold.sql",
]

/// What the sandbox serves as it is, and its templates.
let sandboxAssets = [
    "button.png", "connect.js", "popup.js", "popup.mustache", "sandbox.css", "sandbox.mustache",
    "spinner.gif", "store.min.js",
]

/// The console's templates, and what its pages load.
let consoleAssets = [
    "app.mustache", "bundle-check.js", "bundle-event.js", "bundle-files.js", "bundle-hash.js",
    "bundle-user.js", "bundle-views.js", "bundle.css", "bundle.js", "bundle.mustache",
    "console.css", "console.js", "copy.mustache", "event.mustache", "evidence.mustache",
    "exports.mustache", "found.mustache", "frame.mustache", "hop.mustache", "launch-link.mustache",
    "launch.mustache", "log.mustache", "notice.mustache", "overview.mustache", "problem.mustache",
    "problems.mustache", "proof.js", "revealed.mustache", "settings.mustache", "sign-in.mustache",
    "state-proof.mustache", "state.js", "tail.js", "time.mustache", "timeline.mustache",
    "travel.js", "user.mustache", "users.mustache",
    "verify.js", "views.css",
]

/// The modules that are from other packages, each with its package.
let modules = [
    "ArgumentParser": "swift-argument-parser", "AsyncHTTPClient": "async-http-client",
    "Configuration": "swift-configuration", "Crypto": "swift-crypto",
    "HTTPTypes": "swift-http-types", "Hummingbird": "hummingbird",
    "HummingbirdCore": "hummingbird", "HummingbirdTesting": "hummingbird",
    "Logging": "swift-log", "Mustache": "swift-mustache", "NIOCore": "swift-nio",
    "NIOEmbedded": "swift-nio", "NIOHTTP1": "swift-nio", "NIOHTTPTypes": "swift-nio-extras",
    "NIOPosix": "swift-nio", "NIOSSL": "swift-nio-ssl", "NIOTLS": "swift-nio",
    "ServiceLifecycle": "swift-service-lifecycle", "Subprocess": "swift-subprocess",
    "SystemPackage": "swift-system", "UnixSignals": "swift-service-lifecycle", "Yams": "Yams",
]

/// What a target imports: modules of other packages, and targets of this one.
func uses(_ names: [String]) -> [Target.Dependency] {
    names.map { name in
        modules[name].map { .product(name: name, package: $0) } ?? .target(name: name)
    }
}

func target(
    _ name: String,
    _ names: [String] = [],
    path: String? = nil,
    embeds files: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: uses(names),
        path: path,
        resources: files.map { .embedInCode($0) },
        swiftSettings: settings
    )
}

func tests(_ name: String, _ names: [String], excludes files: [String] = []) -> Target {
    .testTarget(name: name, dependencies: uses(names), exclude: files, swiftSettings: settings)
}

// Each target depends only on targets above it; the map in README.md has the same order.
let package = Package(
    name: "token-ledger",
    products: [
        .executable(name: "token-ledger", targets: ["LedgerCommand"]),
        .executable(name: "campaign", targets: ["CampaignCommand"]),
        .library(name: "TokenLedgerClient", targets: ["TokenLedgerClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // The only C: libpq and zlib, as Debian's packages install them, one call of the system, and room that
        // optimized functions lack.
        .systemLibrary(name: "CPrctl"),
        .target(
            name: "CTaskAlloc",
            linkerSettings: [.unsafeFlags(["-Xlinker", "--wrap=swift_task_alloc"])]
        ),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        target("CrashPoints"),
        target("Wire"),
        target("Measures"),
        target("Traces", ["Measures", "Wire"]),
        target("HTMLPages", ["Mustache"]),
        target("DurableFiles"),
        target("Postgres", ["CLibPQ", "Logging", "Measures", "ServiceLifecycle", "Traces"]),
        target("PostgresCluster", ["Logging", "Postgres", "Subprocess", "SystemPackage", "Wire"]),
        target("Ledger", ["Wire"]),
        target("LineLog", ["Ledger", "Logging", "Measures"]),
        target("MerkleLog", ["Crypto", "Wire"]),
        target("StateMap", ["Crypto", "Ledger", "MerkleLog", "Wire"]),
        target(
            "Console",
            ["Crypto", "HTMLPages", "Ledger", "MerkleLog", "StateMap", "Wire"],
            embeds: consoleAssets.map { "Assets/\($0)" }
        ),
        target("Vault", ["Crypto", "DurableFiles", "Ledger", "MerkleLog", "Traces", "Wire"]),
        target("LedgerSchema", path: "Schema", embeds: migrations),
        target(
            "LedgerStore",
            [
                "CrashPoints", "DurableFiles", "Ledger", "LedgerSchema", "Logging", "Measures",
                "MerkleLog", "Postgres", "ServiceLifecycle", "StateMap", "Traces", "Vault", "Wire",
            ]
        ),
        target(
            "LedgerAudit",
            ["Crypto", "Ledger", "LedgerStore", "MerkleLog", "Postgres", "StateMap", "Vault"]
        ),
        // Links to docs/.
        target(
            "Guides",
            embeds: [
                "auditor.md", "availability.md", "compliance.md", "integrator.md", "operator.md",
                "provider.md",
            ]
        ),
        target("LedgerImport", ["Ledger", "LedgerStore", "Wire"]),
        target("LedgerExport", ["CZlib", "Crypto", "DurableFiles", "Ledger", "MerkleLog", "Wire"]),
        target(
            "BoundedClient",
            ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "NIOTLS"]
        ),
        // For backends of others: what they use of it is public.
        target(
            "TokenLedgerClient",
            ["AsyncHTTPClient", "BoundedClient", "Crypto", "NIOCore", "NIOHTTP1", "Wire"]
        ),
        target(
            "BoundedServer",
            [
                "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "Measures", "NIOCore",
                "NIOHTTP1", "NIOHTTPTypes", "NIOPosix", "NIOSSL",
            ]
        ),
        target(
            "Witness",
            [
                "AsyncHTTPClient", "BoundedClient", "BoundedServer", "Crypto", "DurableFiles",
                "HTTPTypes", "Hummingbird", "Logging", "Measures", "MerkleLog", "NIOCore",
                "NIOHTTP1", "ServiceLifecycle", "Wire",
            ]
        ),
        target(
            "HumanConnect",
            [
                "AsyncHTTPClient", "BoundedClient", "CrashPoints", "Ledger", "Measures", "NIOCore",
                "NIOHTTP1", "NIOPosix", "Traces", "Wire",
            ]
        ),
        target(
            "HumanConnectSandbox",
            [
                "BoundedServer", "Crypto", "DurableFiles", "HTMLPages", "HTTPTypes", "HumanConnect",
                "Hummingbird", "Ledger", "Logging", "NIOCore", "ServiceLifecycle", "Wire",
            ],
            embeds: sandboxAssets.map { "Assets/\($0)" }
        ),
        target(
            "ConnectFlow",
            [
                "CrashPoints", "DurableFiles", "HumanConnect", "Ledger", "LedgerStore", "Logging",
                "Measures", "ServiceLifecycle", "Traces", "Vault", "Wire",
            ]
        ),
        target(
            "Webhooks",
            [
                "AsyncHTTPClient", "BoundedClient", "CrashPoints", "Ledger", "LedgerStore",
                "Logging", "Measures", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
                "ServiceLifecycle", "Traces", "Vault", "Wire",
            ]
        ),
        target(
            "LedgerAPI",
            [
                "BoundedServer", "ConnectFlow", "Console", "CrashPoints", "Guides", "HTTPTypes",
                "HumanConnect", "Hummingbird", "Ledger", "LedgerExport", "LedgerStore", "Logging",
                "Measures", "MerkleLog", "NIOCore", "ServiceLifecycle", "StateMap", "Traces",
                "Vault", "Webhooks", "Wire",
            ],
            embeds: [
                "Button/connect-button.d.ts", "Button/connect-button.js", "openapi.yaml",
            ]
        ),
        target(
            "LedgerStack",
            [
                "AsyncHTTPClient", "BoundedClient", "ConnectFlow", "HumanConnect", "Ledger",
                "LedgerAPI", "LedgerStore", "LineLog", "Logging", "Measures", "MerkleLog",
                "NIOCore", "NIOHTTP1", "NIOPosix", "Postgres", "PostgresCluster",
                "ServiceLifecycle", "Traces", "UnixSignals", "Vault", "Webhooks", "Wire", "Witness",
            ]
        ),
        target(
            "LedgerBench",
            [
                "AsyncHTTPClient", "DurableFiles", "HumanConnect", "Ledger", "LedgerAPI",
                "LedgerAudit", "LedgerExport", "LedgerStack", "LedgerStore", "Logging",
                "MerkleLog", "NIOCore", "NIOHTTP1", "NIOPosix", "Postgres", "PostgresCluster",
                "StateMap", "Subprocess", "SystemPackage", "Vault", "Wire",
            ],
            embeds: [
                "hold-log.sql", "limit-end.sql", "limit-setup.sql", "pgbench-append.sql",
                "pgbench-read.sql", "pgbench-setup.sql", "read-records.sql", "read-rows.sql",
            ]
        ),
        .executableTarget(
            name: "LedgerCommand",
            dependencies: uses([
                "ArgumentParser", "BoundedClient", "BoundedServer", "CPrctl", "CTaskAlloc",
                "Configuration",
                "ConnectFlow", "Console", "DurableFiles", "HTMLPages", "HTTPTypes", "HumanConnect",
                "HumanConnectSandbox", "Hummingbird", "Ledger", "LedgerAPI", "LedgerAudit",
                "LedgerBench", "LedgerExport", "LedgerImport", "LedgerStack", "LedgerStore",
                "LineLog", "Logging", "MerkleLog", "NIOCore", "NIOHTTP1", "Postgres",
                "ServiceLifecycle", "StateMap", "Subprocess", "SystemPackage", "Traces", "Vault",
                "Webhooks", "Wire", "Witness",
            ]),
            // The last one is a link to what the build resolved.
            resources: [
                "Demo/demo.css", "Demo/demo.js", "Demo/demo.mustache", "Supply/resolved.json",
            ].map { .embedInCode($0) },
            swiftSettings: settings
        ),
        target("SeededRandom", path: "Tests/SeededRandom"),
        target(
            "TestSupport",
            [
                "AsyncHTTPClient", "Ledger", "LedgerAudit", "LedgerStore", "Logging", "MerkleLog",
                "NIOCore", "NIOHTTP1", "NIOPosix", "Postgres", "PostgresCluster", "SeededRandom",
                "Subprocess", "SystemPackage", "Vault", "Wire",
            ],
            path: "Tests/TestSupport"
        ),
        target(
            "Campaign",
            [
                "AsyncHTTPClient", "Crypto", "HumanConnectSandbox", "Ledger", "LedgerStack",
                "Logging", "NIOCore", "NIOHTTP1", "Postgres", "PostgresCluster", "SeededRandom",
                "Subprocess", "SystemPackage", "TestSupport", "Wire",
            ],
            path: "Tests/Campaign"
        ),
        // LedgerCommand: it runs the program.
        .executableTarget(
            name: "CampaignCommand",
            dependencies: uses(["ArgumentParser", "Campaign", "LedgerCommand", "UnixSignals"]),
            path: "Tests/CampaignCommand",
            swiftSettings: settings
        ),
        tests("WireTests", ["SeededRandom", "Wire"]),
        tests("MeasuresTests", ["Measures"]),
        tests("TracesTests", ["Measures", "Traces"]),
        tests("DurableFilesTests", ["DurableFiles"]),
        tests("LineLogTests", ["Ledger", "LineLog", "Logging"]),
        tests(
            "BoundedServerTests",
            [
                "BoundedServer", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOEmbedded",
                "NIOPosix", "NIOSSL", "SeededRandom", "TestSupport",
            ]
        ),
        tests(
            "PostgresTests",
            [
                "LedgerStack", "Logging", "Postgres", "PostgresCluster", "ServiceLifecycle",
                "TestSupport",
            ]
        ),
        tests("LedgerTests", ["Ledger", "SeededRandom"]),
        // The verifier in Python knows nothing of our code.
        tests(
            "MerkleLogTests",
            ["MerkleLog", "SeededRandom", "Subprocess", "Wire"],
            excludes: ["verifier.py"]
        ),
        // The reader in Python knows nothing of our code; the vectors are WAICT's.
        tests(
            "StateMapTests",
            ["Ledger", "MerkleLog", "SeededRandom", "StateMap", "Subprocess", "Wire"],
            excludes: [
                "mpt_inclusion_kats.jsonl", "mpt_root_kats.jsonl", "mpt_weak_kats.jsonl",
                "closed-pair.proof", "nobody.proof", "open-other-pair.proof", "open-pair.proof",
                "other-pair.proof", "pair.proof", "reader.py", "sample.proof",
            ]
        ),
        tests("HTMLPagesTests", ["HTMLPages", "SeededRandom"]),
        tests(
            "ConsoleTests",
            ["Console", "Crypto", "HTMLPages", "Ledger", "MerkleLog", "SeededRandom"]
        ),
        tests("VaultTests", ["Crypto", "Ledger", "SeededRandom", "Traces", "Vault"]),
        tests(
            "LedgerStoreTests",
            [
                "Hummingbird", "Ledger", "LedgerAudit", "LedgerSchema", "LedgerStore", "Logging",
                "Measures", "MerkleLog", "Postgres", "SeededRandom", "StateMap", "TestSupport",
                "Vault", "Witness",
            ],
            excludes: ["rights.txt"]
        ),
        tests(
            "LedgerAuditTests",
            [
                "Ledger", "LedgerAudit", "LedgerStore", "Logging", "MerkleLog", "Postgres",
                "StateMap", "TestSupport", "Vault", "Wire",
            ]
        ),
        tests(
            "LedgerExportTests",
            ["Ledger", "LedgerExport", "MerkleLog", "SeededRandom", "Subprocess"]
        ),
        tests(
            "LedgerImportTests",
            ["Ledger", "LedgerImport", "LedgerStore", "SeededRandom", "TestSupport"]
        ),
        // LedgerCommand, here and below: the tests run the program.
        tests(
            "WitnessTests",
            [
                "AsyncHTTPClient", "Crypto", "Hummingbird", "LedgerCommand", "Logging", "Measures",
                "MerkleLog", "NIOCore", "NIOHTTP1", "NIOPosix", "SeededRandom", "Subprocess",
                "SystemPackage", "TestSupport", "Wire", "Witness",
            ]
        ),
        tests(
            "BoundedClientTests",
            ["AsyncHTTPClient", "BoundedClient", "NIOHTTP1", "TestSupport"]
        ),
        tests(
            "TokenLedgerClientTests",
            ["BoundedClient", "NIOHTTP1", "TestSupport", "TokenLedgerClient", "Wire"]
        ),
        tests(
            "HumanConnectTests",
            ["HumanConnect", "Ledger", "Measures", "SeededRandom", "TestSupport", "Wire"]
        ),
        tests(
            "HumanConnectSandboxTests",
            [
                "AsyncHTTPClient", "HumanConnect", "HumanConnectSandbox", "Ledger", "Logging",
                "NIOCore", "NIOHTTP1", "Wire",
            ]
        ),
        tests(
            "ConnectFlowTests",
            ["ConnectFlow", "HumanConnect", "Ledger", "LedgerStore", "SeededRandom"]
        ),
        tests(
            "WebhooksTests",
            [
                "Ledger", "LedgerStore", "Logging", "Postgres", "Subprocess", "SystemPackage",
                "TestSupport", "Traces", "Vault", "Webhooks", "Wire",
            ],
            excludes: ["Verifier"]
        ),
        tests(
            "LedgerAPITests",
            [
                "AsyncHTTPClient", "BoundedClient", "ConnectFlow", "Console", "Crypto", "HTTPTypes",
                "HumanConnect", "HumanConnectSandbox", "Hummingbird", "HummingbirdTesting",
                "Ledger", "LedgerAPI", "LedgerAudit", "LedgerExport", "LedgerStack", "LedgerStore",
                "Logging", "Measures", "MerkleLog", "NIOCore", "NIOEmbedded", "NIOHTTP1",
                "NIOPosix",
                "Postgres", "PostgresCluster", "SeededRandom", "ServiceLifecycle", "StateMap",
                "TestSupport", "TokenLedgerClient", "Traces", "Vault", "Wire", "Yams",
            ]
        ),
        tests(
            "EndToEndTests",
            [
                "AsyncHTTPClient", "LedgerCommand", "LedgerStack", "Postgres", "Subprocess",
                "SystemPackage", "TestSupport", "Wire", "Yams",
            ],
            excludes: ["Button", "Contexts", "Notify", "Prometheus", "Schemathesis"]
        ),
        tests(
            "CampaignTests",
            ["Campaign", "Crypto", "LedgerCommand", "SeededRandom", "TestSupport", "Wire"]
        ),
        tests("TidyTests", ["Subprocess", "SystemPackage"]),
    ]
)
