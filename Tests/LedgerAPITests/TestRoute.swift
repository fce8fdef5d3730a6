import Ledger
import LedgerStore
import NIOHTTP1
import Vault

/// A route as callers are promised it, with a request that fits.
struct TestRoute: Sendable, CustomStringConvertible {
    let method: HTTPMethod
    let path: String
    /// Without it the answer would never end.
    var query = ""
    /// The scope it needs, nil for none.
    var scope: Scope?
    var body = ""
    /// The answer for a connected user of the own app.
    let success: Int
    /// The answer where the id is unknown or foreign.
    var unknown: (status: Int, code: String)?

    var description: String { "\(method.rawValue) \(path)" }

    /// What a request asks for.
    var target: String { path + query }

    private static let launch = (404, "launch_not_found")
    private static let user = (404, "not_connected")
    private static let endpoint = (404, "not_found")

    /// All routes, with `{…}` to be filled in by the test.
    static let all = ofUsers + ofWebhooks + ofProblems + others

    private static let ofWebhooks = [
        TestRoute(
            method: .GET,
            path: "/v1/webhook-endpoints",
            scope: .webhooksManage,
            success: 200
        ),
        TestRoute(
            method: .POST,
            path: "/v1/webhook-endpoints",
            scope: .webhooksManage,
            body: #"{"url":"https://hooks.example.com/"}"#,
            success: 201
        ),
        TestRoute(
            method: .GET,
            path: "/v1/webhook-endpoints/{endpoint}",
            scope: .webhooksManage,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .PATCH,
            path: "/v1/webhook-endpoints/{endpoint}",
            scope: .webhooksManage,
            body: #"{"label":"billing"}"#,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .POST,
            path: "/v1/webhook-endpoints/{endpoint}/secret",
            scope: .webhooksManage,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .POST,
            path: "/v1/webhook-endpoints/{endpoint}/test",
            scope: .webhooksManage,
            success: 202,
            unknown: endpoint
        ),
        TestRoute(
            method: .GET,
            path: "/v1/webhook-endpoints/{endpoint}/deliveries",
            scope: .webhooksManage,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .POST,
            path: "/v1/webhook-endpoints/{endpoint}/replay",
            scope: .webhooksManage,
            body: #"{"from_position":0,"until_position":1}"#,
            success: 202,
            unknown: endpoint
        ),
        TestRoute(
            method: .DELETE,
            path: "/v1/webhook-endpoints/{endpoint}",
            scope: .webhooksManage,
            success: 204,
            unknown: endpoint
        ),
    ]

    private static let ofProblems = [
        TestRoute(method: .GET, path: "/v1/problems", scope: .usersRead, success: 200),
        TestRoute(
            method: .GET,
            path: "/v1/problems/{problem}",
            scope: .usersRead,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .POST,
            path: "/v1/problems/{problem}/mute",
            scope: .problemsMute,
            success: 200,
            unknown: endpoint
        ),
        TestRoute(
            method: .POST,
            path: "/v1/problems/{problem}/unmute",
            scope: .problemsMute,
            success: 200,
            unknown: endpoint
        ),
    ]

    private static let ofUsers = [
        TestRoute(
            method: .POST,
            path: "/v1/launches",
            scope: .launch,
            body: #"{"client_user_id":"{client_user_id}"}"#,
            success: 201
        ),
        TestRoute(
            method: .POST,
            path: "/v1/launches/{launch_id}/finish",
            scope: .finish,
            body: "{session}",
            success: 201,
            unknown: launch
        ),
        // What it is for needs a bound launch: BindingTests.
        TestRoute(
            method: .POST,
            path: "/v1/launches/{launch_id}/confirm",
            scope: .finish,
            body: #"{"finish_code":"{launch_token}"}"#,
            success: 422,
            unknown: launch
        ),
        TestRoute(
            method: .POST,
            path: "/v1/launches/{launch_id}/closed",
            scope: .finish,
            success: 200,
            unknown: launch
        ),
        TestRoute(
            method: .POST,
            path: "/v1/launches/{launch_id}/failed",
            scope: .finish,
            success: 200,
            unknown: launch
        ),
        TestRoute(
            method: .POST,
            path: "/v1/finish/{launch_token}",
            body: "{session}",
            success: 201,
            unknown: launch
        ),
        TestRoute(
            method: .POST,
            path: "/v1/finish/{launch_token}/closed",
            success: 200,
            unknown: launch
        ),
        TestRoute(
            method: .POST,
            path: "/v1/finish/{launch_token}/failed",
            success: 200,
            unknown: launch
        ),
        TestRoute(
            method: .OPTIONS,
            path: "/v1/finish/{launch_token}",
            success: 204,
            unknown: launch
        ),
        TestRoute(
            method: .OPTIONS,
            path: "/v1/finish/{launch_token}/closed",
            success: 204,
            unknown: launch
        ),
        TestRoute(
            method: .OPTIONS,
            path: "/v1/finish/{launch_token}/failed",
            success: 204,
            unknown: launch
        ),
        TestRoute(
            method: .GET,
            path: "/v1/users/{client_user_id}/tokens",
            scope: .tokensRead,
            success: 200,
            unknown: user
        ),
        // Of nobody it proves that there is nobody.
        TestRoute(
            method: .GET,
            path: "/v1/users/{client_user_id}/proof",
            scope: .eventsRead,
            success: 200
        ),
        TestRoute(
            method: .GET,
            path: "/v1/users/{client_user_id}",
            scope: .usersRead,
            success: 200,
            unknown: user
        ),
        TestRoute(method: .GET, path: "/v1/users", scope: .usersRead, success: 200),
        TestRoute(
            method: .POST,
            path: "/v1/users/{client_user_id}/public-token",
            scope: .tokensRecover,
            success: 200,
            unknown: user
        ),
        TestRoute(
            method: .POST,
            path: "/v1/users/{client_user_id}/broken",
            scope: .tokensReport,
            success: 200,
            unknown: user
        ),
        TestRoute(
            method: .GET,
            path: "/v1/users/{client_user_id}/events",
            scope: .eventsRead,
            success: 200,
            unknown: user
        ),
        TestRoute(
            method: .GET,
            path: "/v1/users/{client_user_id}/access",
            scope: .eventsRead,
            success: 200,
            unknown: user
        ),
        TestRoute(method: .GET, path: "/v1/events", scope: .eventsRead, success: 200),
        TestRoute(
            method: .GET,
            path: "/v1/events/tail",
            query: "?follow=false",
            scope: .eventsRead,
            success: 200
        ),
        TestRoute(method: .GET, path: "/v1/export", scope: .export, success: 200),
        TestRoute(
            method: .GET,
            path: "/v1/export/identities",
            scope: .exportIdentities,
            success: 200
        ),
        TestRoute(
            method: .POST,
            path: "/v1/tokens/search",
            scope: .tokensSearch,
            body: #"{"token":"{launch_token}"}"#,
            success: 200
        ),
    ]

    private static let others = [
        TestRoute(method: .GET, path: "/livez", success: 200),
        TestRoute(method: .GET, path: "/readyz", success: 200),
        TestRoute(method: .GET, path: "/openapi.yaml", success: 200),
        TestRoute(method: .GET, path: "/docs", success: 200),
        TestRoute(method: .GET, path: "/docs/integrator.md", success: 200),
        TestRoute(method: .GET, path: "/docs/provider.md", success: 200),
        TestRoute(method: .GET, path: "/docs/auditor.md", success: 200),
        TestRoute(method: .GET, path: "/docs/compliance.md", success: 200),
        TestRoute(method: .GET, path: "/docs/operator.md", success: 200),
        TestRoute(method: .GET, path: "/docs/availability.md", success: 200),
        TestRoute(method: .GET, path: "/llms.txt", success: 200),
        TestRoute(method: .GET, path: "/v1/connect-button.js", success: 200),
        TestRoute(method: .GET, path: "/v1/connect-button.d.ts", success: 200),
        // The last one: nobody is there afterwards.
        TestRoute(
            method: .DELETE,
            path: "/v1/users/{client_user_id}",
            scope: .erase,
            success: 200,
            unknown: user
        ),
    ]

    /// The routes of the tree, which `TreeTests` calls.
    static let tree: Set = [
        "GET /checkpoint", "GET /tile/**", "GET /logs/{log_id}/checkpoint",
        "GET /logs/{log_id}/tile/**", "GET /v1/events/{position}/proof", "GET /v1/consistency",
    ]

    /// The stable codes that callers switch on.
    static let problemCodes: Set = [
        "malformed_request", "invalid_finish", "not_integrated", "too_many_exports",
        "too_many_follows", "too_many_webhooks", "history_differs", "request_too_large",
        "unsupported_media_type",
        "unauthenticated",
        "network_refused", "insufficient_scope", "origin_refused", "not_found",
        "method_not_allowed", "not_connected",
        "launch_not_found", "finalize_abandoned", "person_unproven", "person_gone",
        "launch_consumed", "session_used", "client_id_mismatch",
        "user_unproven", "verifier_refused", "challenge_required", "launch_not_bound",
        "finish_code_unknown", "finish_unconfirmed",
        "different_person", "finalize_in_progress", "key_reused", "session_rejected", "legal_hold",
        "finalize_unresolved", "recovery_rejected", "provider_unavailable",
        "user_list_too_long", "person_unclear", "token_dropped",
        "history_cold",
        "database_unavailable", "overloaded", "rate_limited", "outcome_unknown", "conflict",
        "internal", "refused",
    ]
}
