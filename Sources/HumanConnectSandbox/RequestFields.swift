import BoundedServer
import HumanConnect
import Hummingbird
import Wire

/// The fields of a request's body, JSON or form, whatever their order and company.
struct RequestFields {
    private let value: JSONValue
    private let depthMax = 16

    /// Reads the body.
    ///
    /// - Throws: `SandboxRefusal`, or `HTTPError` when it is too large.
    init(_ request: Request) async throws {
        let bytes: [UInt8]
        do {
            bytes = try await request.wholeBody(upTo: SandboxLimits.bodyBytesMax)
        } catch {
            throw error == .tooLarge
                ? HTTPError(.contentTooLarge) : SandboxRefusal.invalid("The body breaks off")
        }
        let format: BodyFormat
        do {
            format = try BodyFormat(contentType: request.headers[.contentType], body: bytes)
        } catch {
            throw SandboxRefusal(
                .unsupportedMediaType,
                "unsupported_content_type",
                "Unsupported content type",
                error.description
            )
        }
        switch format {
        case .json:
            guard let value = try? JSONParser.parse(bytes, depthMax: depthMax),
                value.members != nil
            else { throw SandboxRefusal.invalid("The body is not a JSON object") }
            self.value = value
        case .form:
            guard let form = try? FormFields(bytes) else {
                throw SandboxRefusal.invalid("The body is not a form")
            }
            value = .object(form.fields.map { JSONValue.Member($0.name, .string($0.value)) })
        case .multipart, .text:
            throw SandboxRefusal(
                .unsupportedMediaType,
                "unsupported_content_type",
                "Unsupported content type",
                SessionTokenObjectError.unsupportedContentType.description
            )
        }
    }

    /// All fields, in their order.
    var members: [JSONValue.Member] { value.members ?? [] }

    subscript(name: String) -> JSONValue? { value[name] }

    func required(_ name: String) throws(SandboxRefusal) -> String {
        guard let text = try optional(name), !text.isEmpty else { throw .missing(name) }
        return text
    }

    /// A text, nil when absent or `null`.
    func optional(_ name: String) throws(SandboxRefusal) -> String? {
        guard let field = value[name], field != .null else { return nil }
        guard let text = field.text else { throw .invalid("\(name) must be a text") }
        return text
    }

    /// A list of texts, empty when absent.
    func list(_ name: String) throws(SandboxRefusal) -> [String] {
        guard let field = value[name], field != .null else { return [] }
        guard case .array(let elements) = field, elements.count <= SandboxLimits.listMax else {
            throw .invalid("\(name) must be a list")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else { throw .invalid("\(name) must hold texts") }
            texts.append(text)
        }
        return texts
    }
}

extension Request {
    /// The query's fields, decoded once, `+` being a space as the provider's server has it.
    func queryFields() throws(SandboxRefusal) -> FormFields {
        guard let fields = try? FormFields(Array((uri.query ?? "").utf8)) else {
            throw .invalid("The query is not valid")
        }
        return fields
    }
}
