import AttributionGuidedDecoding

/// What a request asks of tokens, in OpenAI's words and vLLM's.
extension DecodingConstraints {
    /// - Throws: ``APIError`` for a token that the vocabulary doesn't have, or more tokens than there may be.
    init(_ body: JSONValue, _ served: ServedModel, maximumTokens: Int?) throws {
        self.init(
            presencePenalty: body["presence_penalty"]?.double ?? 0,
            frequencyPenalty: body["frequency_penalty"]?.double ?? 0, minimumTokens: body["min_tokens"]?.integer ?? 0)
        let tokens = 0..<served.model.configuration.vocabularySize
        for bias in body["logit_bias"]?.members ?? [] {
            guard let token = Int(bias.key), tokens.contains(token) else {
                let key = bias.key.prefix(40)
                throw APIError.invalid(
                    "'logit_bias.\(key)' is no token of this model; keys are ids from 0 to \(tokens.upperBound - 1).",
                    param: "logit_bias.\(key)")
            }
            logitBias[token] = bias.value.double
        }
        avoided = try (body["agd"]?["avoid"]?.array ?? []).enumerated().map { index, text in
            do throws(AvoidanceError) { return try AvoidedText(text.string ?? "") } catch {
                throw APIError.invalid("'agd.avoid[\(index)]': \(error).", param: "agd.avoid[\(index)]")
            }
        }
        grammar = try Self.grammar(body)
        if grammar != nil, body["ignore_eos"]?.bool == true {
            throw APIError.invalid(
                "'ignore_eos' goes on after the end, and a format says where that is; leave one of them out.",
                param: "ignore_eos")
        }
        do { try check(for: served.model) } catch let error as GrammarError {
            throw APIError.invalid("'\(Self.schemaField)': \(error)", param: Self.schemaField)
        } catch let error as AvoidanceError {
            throw APIError.invalid("'agd.avoid': \(error).", param: "agd.avoid")
        }
        if let maximumTokens, minimumTokens > maximumTokens {
            throw APIError.invalid(
                "'min_tokens' is \(minimumTokens) and there may be \(maximumTokens) tokens; ask for fewer.",
                param: "min_tokens")
        }
    }

    private static let schemaField = "response_format.json_schema.schema"

    /// What `response_format` asks for.
    private static func grammar(_ body: JSONValue) throws(APIError) -> Grammar? {
        guard let format = body["response_format"], let type = format["type"]?.string, type != "text" else {
            return nil
        }
        guard type == "json_schema" else { return .jsonObject }
        guard let schema = format["json_schema"]?["schema"] else {
            throw .invalid("'\(schemaField)' is missing; it is what the answer has to be.", param: schemaField)
        }
        do throws(SchemaError) { return try Grammar(jsonSchema: schema) } catch {
            throw .invalid("'\(schemaField)': \(error).", param: schemaField)
        }
    }
}

extension Field {
    static let responseFormat = Field(
        "response_format",
        .object([
            Field("type", .choice(["text", "json_object", "json_schema"]), "What the answer is.", required: true),
            Field(
                "json_schema",
                .object([
                    Field("name", .string(0...256), "Has no effect."),
                    Field("description", .string(0...4096), "Has no effect."),
                    Field("strict", .boolean, "Has no effect: a schema is always obeyed."),
                    Field(
                        "schema", .structure(Limits.toolBytes),
                        "A JSON schema; keywords that couldn't be enforced are errors."),
                ]), "With json_schema: what the JSON looks like."),
        ]),
        "Keeps the answer, thoughts included, to JSON: tokens that don't go on so are no candidates, guided or not. An answer that is cut by max_tokens is cut JSON.",
        neutral: [["type": "text"]])

    static let constraints = [
        Field(
            "logit_bias", .numbers(-100...100, count: Limits.biases),
            "Added to the logits of tokens, by id, before any strategy looks at them; -100 forbids, 100 forces. The same goes for the penalties: candidates, entropy and log-probabilities are of what they leave.",
            neutral: [[]]),
        Field(
            "presence_penalty", .number(-2...2), "Taken from the logits of tokens that the answer has already.",
            default: 0),
        Field(
            "frequency_penalty", .number(-2...2),
            "Taken from the logit of a token for each time that the answer has it.", default: 0),
        Field(
            "min_tokens", .integer(0...Limits.maximumTokens),
            "Before the answer has so many tokens the model can't end it; texts of stop still do.", default: 0),
    ]
}
