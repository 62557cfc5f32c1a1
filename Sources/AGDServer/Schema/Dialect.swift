/// Whose API an endpoint is like, as far as errors go.
enum Dialect: Sendable, CaseIterable {
    case openAI, anthropic

    /// An error's body as its clients read it.
    func body(of error: APIError) -> any Encodable & Sendable {
        switch self {
        case .openAI: error
        case .anthropic: AnthropicError(error)
        }
    }
}

/// An error of `/v1/messages`. Anthropic's have no `param`; here it names the field as elsewhere.
private struct AnthropicError: Encodable, Sendable {
    private struct Body: Encodable, Sendable {
        var type, message: String
        @EncodedNull var param: String?
    }
    private var type = "error"
    private var error: Body

    init(_ error: APIError) {
        let type =
            switch error.status {
            case .unauthorized: "authentication_error"
            case .forbidden: "permission_error"
            case .notFound: "not_found_error"
            case .contentTooLarge: "request_too_large"
            case .tooManyRequests: "rate_limit_error"
            case .serviceUnavailable: "overloaded_error"
            case let status where status.kind == .serverError: "api_error"
            default: "invalid_request_error"
            }
        self.error = Body(type: type, message: error.shortMessage, param: error.shortParam)
    }
}
