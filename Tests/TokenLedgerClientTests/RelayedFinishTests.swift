import Testing

@testable import TokenLedgerClient

@Suite("a finish on its way", .timeLimit(.minutes(1)))
struct RelayedFinishTests {
    private func relayed(_ body: String, _ type: String?) throws -> String {
        let finish = try RelayedFinish(
            Array(body.utf8),
            contentType: type,
            clientUserID: "alice & co",
            verifier: SecretValue("v")
        )
        return finish.contentType + " " + String(decoding: finish.body, as: UTF8.self)
    }

    @Test("the backend's word takes the place of the page's, in every form and place")
    func own() throws {
        let json =
            #"application/json {"sessionToken":"t","client_user_id":"alice & co","session_verifier":"v"}"#
        for type in ["application/json", "application/json; charset=utf-8", "text/plain", nil] {
            let body =
                #"{"client_user_id":"eve","sessionToken":"t","session\u005fverifier":"w","client_user_id":1}"#
            #expect(try relayed(body, type) == json)
        }
        let nested = #"{"sessionTokenObject":{"session_verifier":"w","sessionToken":"t"}}"#
        #expect(
            try relayed(nested, "text/json")
                == #"application/json {"sessionTokenObject":{"sessionToken":"t"},"client_user_id":"alice & co","session_verifier":"v"}"#
        )
        let form =
            "application/x-www-form-urlencoded sessionToken=t%20u&client_user_id=alice%20%26%20co&session_verifier=v"
        let urlencoded = "application/x-www-form-urlencoded"
        for type in [urlencoded, urlencoded + "; charset=utf-8", "text/plain", nil] {
            let body =
                "session%5Fverifier=w&sessionToken=t+u&x[client_user_id]=eve&a%5Bsession_verifier]=w"
            #expect(try relayed(body, type) == form)
        }
        let parts = ["sessionToken": "t u", "session_verifier": "w"].sorted { $0.key < $1.key }.map
        {
            "--b\r\nContent-Disposition: form-data; name=\"\($0.key)\"\r\n\r\n\($0.value)\r\n"
        }
        let multipart = parts.joined() + "--b--\r\n"
        #expect(try relayed(multipart, "multipart/form-data; boundary=\"b\"") == form)
    }

    @Test("what is neither JSON nor a form goes nowhere")
    func malformed() {
        for (body, type) in [
            ("{", "application/json"), ("[]", "application/json"), ("a=%zz", nil),
            ("{}", "application/xml"), ("{}", "multipart/form-data"),
        ] {
            #expect(throws: LedgerClientError.self) { try relayed(body, type) }
        }
    }
}
