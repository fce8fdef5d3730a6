import HumanConnect
import NIOHTTP1
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct FinishBodyTests {
    private struct Body {
        let name: String
        let contentType: String?
        /// Makes the body from the fields.
        let make: @Sendable ([(String, String)]) -> String
    }

    private static func json(_ fields: [(String, String)]) -> String {
        let value = JSONValue.object(fields.map { .init($0.0, .string($0.1)) })
        return String(decoding: value.encoded, as: UTF8.self)
    }

    private static func form(_ fields: [(String, String)], _ outer: String? = nil) -> String {
        fields.map { field in
            let name = outer.map { "\($0)[\(field.0)]" } ?? field.0
            return
                "\(PercentCoding.encode(name, keeping: .unreserved))=\(PercentCoding.encode(field.1, keeping: .unreserved))"
        }.joined(separator: "&")
    }

    private static func multipart(_ fields: [(String, String)], _ boundary: String) -> String {
        fields.map { name, value in
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }.joined() + "--\(boundary)--\r\n"
    }

    private static let formType = "application/x-www-form-urlencoded"

    /// Every body that a known client sends (docs/provider.md#finish-bodies).
    private static let bodies = [
        Body(name: "documentation", contentType: "application/json", make: { json($0) }),
        Body(name: "AngularJS", contentType: "application/json;charset=utf-8", make: { json($0) }),
        Body(
            name: "Android",
            contentType: "application/json; charset=UTF-8",
            make: { json($0.reversed()) }
        ),
        Body(
            name: "without userId",
            contentType: "application/json",
            make: { json($0.filter { $0.0 != "userId" }) }
        ),
        Body(
            name: "extra keys",
            contentType: "application/json",
            make: { json($0 + [("clientUserId", "whoever"), ("authToken", "x"), ("more", "")]) }
        ),
        Body(
            name: "nested JSON",
            contentType: "application/json",
            make: { "{\"sessionTokenObject\":\(json($0)),\"other\":[1,{\"a\":null}]}" }
        ),
        Body(name: "no content type", contentType: nil, make: { json($0) }),
        Body(name: "iOS 2015", contentType: formType, make: { form($0) }),
        Body(name: "jQuery", contentType: formType + "; charset=UTF-8", make: { form($0) }),
        Body(
            name: "Rails",
            contentType: formType,
            make: {
                form($0, "sessionTokenObject") + "&client_secret=oops&user_id=17"
            }
        ),
        Body(name: "another outer name", contentType: formType, make: { form($0, "data") }),
        // What `fetch` sends by itself: a text, a Blob, URLSearchParams, FormData.
        Body(name: "text", contentType: "text/plain;charset=UTF-8", make: { json($0) }),
        Body(name: "text of a form", contentType: "text/plain;charset=UTF-8", make: { form($0) }),
        Body(name: "Blob", contentType: nil, make: { form($0) }),
        Body(name: "URLSearchParams", contentType: formType + ";charset=UTF-8", make: { form($0) }),
        Body(
            name: "FormData",
            contentType: "multipart/form-data; boundary=----WebKitFormBoundaryA1b2",
            make: { multipart($0, "----WebKitFormBoundaryA1b2") }
        ),
        Body(
            name: "nested FormData",
            contentType: "multipart/form-data; boundary=\"x y\"",
            make: { multipart($0.map { ("sessionTokenObject[\($0.0)]", $0.1) }, "xy") }
        ),
    ]

    @Test("every known client's body finishes, and the answer satisfies every client")
    func bodies() async throws {
        try await TestService.run { service in
            for (number, body) in Self.bodies.enumerated() {
                let user = "body \(number)"
                let launch = try await service.launch(user)
                let object = try await service.play(launch, connect: ["band"]).json
                let fields = try ["humanId", "clientId", "sessionToken", "userId"].map {
                    ($0, try #require(object[$0]?.text))
                }
                let answer = try await service.finish(
                    launch.finishPath,
                    body.make(fields),
                    contentType: body.contentType,
                    origin: number.isMultiple(of: 2) ? TestService.origin : nil
                )
                #expect(answer.status == 201, "\(body.name): \(answer.text)")
                #expect(answer.headers["content-type"] == "application/json", "\(body.name)")
                let token = try #require(answer["publicToken"])
                #expect(token == (try await service.sandbox.user(user)?["public_token"]?.text))
                #expect(answer.json.members?.count == 1, "nothing else leaves")
            }
        }
    }

    @Test("tampered finishes are refused, and nothing is recorded")
    func tampered() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("tampered")
            let object = try await service.play(launch, connect: ["band"]).json
            let fields = try ["humanId", "clientId", "sessionToken"].map {
                ($0, try #require(object[$0]?.text))
            }
            let count = try await service.eventCount()
            // What is no JSON or form at all, and then what lacks a field or has an impossible one.
            let malformed = [
                "", "{", "[]", "null", "\"x\"", "a=%zz", "a=%ff",
                #"{"a":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
                    + "}",
            ]
            var bodies = malformed + ["{}"]
            for index in fields.indices {
                for value in [
                    nil, "\"\"", "null", "7", "[]", "{}", "true", "\"a\\u0000b\"",
                    "\"\(String(repeating: "x", count: 5_000))\"",
                ] {
                    let members = fields.enumerated().compactMap { entry -> String? in
                        guard entry.offset == index else {
                            return "\"\(entry.element.0)\":\"\(entry.element.1)\""
                        }
                        return value.map { "\"\(entry.element.0)\":\($0)" }
                    }
                    bodies.append("{" + members.joined(separator: ",") + "}")
                }
                let twice = fields + [(fields[index].0, "other")]
                bodies += [Self.json(twice), Self.form(twice)]
            }
            for body in bodies {
                let type =
                    body.hasPrefix("{") || !body.contains("=") ? "application/json" : Self.formType
                let answer = try await service.finish(
                    launch.finishPath,
                    body,
                    contentType: type
                )
                let isMalformed = malformed.contains(body)
                #expect(answer.status == (isMalformed ? 400 : 422), "\(body.prefix(200))")
                #expect(answer.code == (isMalformed ? "malformed_request" : "invalid_finish"))
            }
            let foreign = fields.map { $0.0 == "clientId" ? ($0.0, "foreign-client") : $0 }
            let answer = try await service.finish(launch.finishPath, Self.json(foreign))
            #expect(answer.status == 422)
            #expect(answer.code == "client_id_mismatch")
            let large = try await service.finish(
                launch.finishPath,
                Self.json(fields + [("pad", String(repeating: "p", count: 17_000))])
            )
            #expect(large.status == 413)
            #expect(large.code == "request_too_large")
            #expect(try await service.eventCount() == count)
            // The launch and its session are still good.
            let good = try await service.finish(launch.finishPath, Self.json(fields))
            #expect(good.status == 201)
        }
    }

    @Test("other content types are refused, and nothing is recorded")
    func contentTypes() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("types")
            let session = try await service.session(launch)
            let count = try await service.eventCount()
            for type in [
                "text/html", "text/plain; charset=utf-16", "application/json; charset=utf-16",
                "multipart/form-data", "multipart/form-data; boundary=",
                "multipart/mixed; boundary=a",
            ] {
                let answer = try await service.finish(
                    launch.finishPath,
                    session,
                    contentType: type
                )
                #expect(answer.status == 415)
                #expect(answer.code == "unsupported_media_type")
            }
            #expect(try await service.eventCount() == count)
        }
    }

    @Test("pages of listed origins may post, and no other page learns or changes anything")
    func origins() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("origins")
            let session = try await service.session(launch)
            let paths = [
                launch.finishPath, launch.finishPath + "/closed", launch.finishPath + "/failed",
            ]
            let count = try await service.eventCount()
            for origin in [
                "null", "https://evil.example", "https://app.example.com.evil.example",
                "http://app.example.com", "https://app.example.com:444", "https://APP.example.com",
                "", "*",
            ] {
                for path in paths {
                    for method in ["OPTIONS", "POST"] {
                        let answer = try await service.call(
                            .init(rawValue: method),
                            path,
                            key: nil,
                            headers: ["Origin": origin, "Content-Type": "application/json"],
                            body: method == "POST" ? Array(session.utf8) : nil
                        )
                        #expect(answer.status == 403, "\(method) \(path) \(origin)")
                        #expect(answer.code == "origin_refused")
                        #expect(answer.headers["access-control-allow-origin"] == nil)
                    }
                }
            }
            #expect(try await service.eventCount() == count)
            let error = try await service.finish(paths[0], "{}", origin: TestService.origin)
            #expect(error.status == 422)
            #expect(
                error.headers["access-control-allow-origin"] == TestService.origin,
                "the page may read what went wrong"
            )
            let done = try await service.finish(paths[0], session, origin: "http://localhost:3000")
            #expect(done.status == 201)
            #expect(done.headers["access-control-allow-origin"] == "http://localhost:3000")
            let read = try await service.get(
                "/v1/users",
                headers: ["Origin": TestService.origin]
            )
            #expect(read.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test("a preflight allows what pages must send, and what their monitoring adds")
    func preflights() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("preflights")
            let paths = [
                launch.finishPath, launch.finishPath + "/closed", launch.finishPath + "/failed",
            ]
            for path in paths {
                let answer = try await service.call(
                    .OPTIONS,
                    path,
                    key: nil,
                    headers: [
                        "Origin": TestService.origin, "Access-Control-Request-Method": "POST",
                        "Access-Control-Request-Headers": "content-type, accept, evil",
                    ]
                )
                #expect(answer.status == 204)
                #expect(answer.headers["access-control-allow-origin"] == TestService.origin)
                #expect(answer.headers["access-control-allow-methods"] == "POST")
                let allowed = Set(
                    (answer.headers["access-control-allow-headers"] ?? "").lowercased()
                        .split(separator: ", ")
                )
                #expect(
                    allowed.isSuperset(of: [
                        "content-type", "accept", "traceparent", "tracestate", "baggage",
                        "sentry-trace", "newrelic", "x-datadog-trace-id", "x-datadog-parent-id",
                        "x-datadog-origin", "x-datadog-sampling-priority", "b3",
                    ])
                )
                #expect(allowed.isDisjoint(with: ["authorization", "cookie", "evil", "*"]))
                #expect(answer.headers["access-control-allow-credentials"] == nil)
                #expect(answer.headers["vary"] == "Origin")
            }
        }
    }

    /// What pages send as the report of a failed popup, and what the log says of it.
    private static let failures = [
        (#"{"code":"user_already_exists"}"#, "user_already_exists"),
        (
            #"{"code":"invalid_public_token","message":"x","detailedMessage":"y"}"#,
            "invalid_public_token"
        ),
        (#"{"code":404}"#, "404"), (#"{"code":0}"#, "0"), (#"{"code":"409"}"#, "409"),
        ("code=session_over", "session_over"),
        (#"{"code":null}"#, "other"), (#"{"code":4711}"#, "other"), (#"{"code":-1}"#, "other"),
        (#"{"code":1.5}"#, "other"), (#"{"code":true}"#, "other"), (#"{"code":["a"]}"#, "other"),
        (#"{"code":{"name":"maria"}}"#, "other"), (#"{"code":"maria.schmidt"}"#, "other"),
        (#"{"code":"Evil <b>"}"#, "other"), (#"{"code":""}"#, "other"), ("{}", "other"),
        (#"{"code":"0af7651916cd43dd8448eb211c80319c"}"#, "other"), (#"{"error":1}"#, "other"),
        (#"{"code":"USER_ALREADY_EXISTS"}"#, "other"), ("", "other"), ("{", "other"),
        ("Network Error", "other"), ("[]", "other"), ("\"text\"", "other"), ("\u{0}", "other"),
    ]

    @Test("closed and failed are recorded once each, whatever they are sent as")
    func reports() async throws {
        try await TestService.run { service in
            for (number, (body, code)) in Self.failures.enumerated() {
                let user = "reports \(number)"
                let launch = try await service.launch(user)
                for type in ["application/json", "text/plain;charset=UTF-8", nil] {
                    let closed = try await service.finish(
                        launch.finishPath + "/closed",
                        "",
                        contentType: type
                    )
                    #expect(closed.status == 200)
                    #expect(closed["recorded"] == "closed")
                    let failed = try await service.finish(
                        launch.finishPath + "/failed",
                        body,
                        contentType: type
                    )
                    #expect(failed.status == 200, "\(body) \(type ?? "")")
                    #expect(failed["launch_id"] == launch.id)
                }
                #expect(
                    try await service.types(user) == [
                        "connect.launched", "launch.closed", "launch.failed",
                    ]
                )
                let events = try await service.events(user)
                #expect(events.last?["event"]?["data"]?["code"]?.text == code, "\(body)")
            }
        }
    }
}
