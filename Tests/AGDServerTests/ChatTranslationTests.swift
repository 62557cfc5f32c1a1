import AttributionGuidedDecoding
import Testing

@testable import AGDServer

@Suite("Requests of other APIs in the words of chat completions")
struct ChatTranslationTests {
    private func chat(_ translation: ChatTranslation) throws -> JSONValue { try translation { $0 } }

    private func call(_ arguments: JSONValue) -> JSONValue {
        ["id": "c1", "type": "function", "function": ["name": "find", "arguments": arguments]]
    }
    private let text: JSONValue = "{\"what\": \"cat\"}"

    @Test("A conversation of responses: instructions, thoughts with the call they led to, and what the tool said")
    func responses() throws {
        let request: JSONValue = [
            "instructions": "Be brief.",
            "input": [
                [
                    "role": "user",
                    "content": [
                        ["type": "input_text", "text": "Where is "], ["type": "input_text", "text": "the cat?"],
                    ],
                ],
                [
                    "type": "reasoning", "id": "rs_1", "summary": [],
                    "content": [["type": "reasoning_text", "text": "I look."]],
                ],
                ["type": "function_call", "call_id": "c1", "name": "find", "arguments": text],
                ["type": "function_call_output", "call_id": "c1", "output": "garden"],
                ["type": "message", "role": "assistant", "content": [["type": "output_text", "text": "Outside."]]],
                ["role": "user", "content": "Sure?"],
            ],
            "max_output_tokens": 5, "temperature": 0.5, "reasoning": ["effort": "low"],
            "tools": [["type": "function", "name": "find", "parameters": ["type": "object"]]],
            "tool_choice": ["type": "function", "name": "find"],
            "text": ["format": ["type": "json_schema", "name": "x", "schema": ["type": "object"]]],
        ]
        let chat = try chat(ChatTranslation(responses: request))
        #expect(
            chat["messages"] == [
                ["role": "system", "content": "Be brief."], ["role": "user", "content": "Where is the cat?"],
                ["role": "assistant", "reasoning_content": "I look.", "tool_calls": [call(text)]],
                ["role": "tool", "content": "garden", "tool_call_id": "c1"],
                ["role": "assistant", "content": "Outside."],
                ["role": "user", "content": "Sure?"],
            ])
        #expect(chat["max_tokens"] == 5 && chat["temperature"] == 0.5 && chat["reasoning_effort"] == "low")
        #expect(
            chat["tools"] == [["type": "function", "function": ["name": "find", "parameters": ["type": "object"]]]])
        #expect(chat["tool_choice"] == ["type": "function", "function": ["name": "find"]])
        #expect(chat["response_format"] == ["type": "json_schema", "json_schema": ["schema": ["type": "object"]]])
    }

    @Test("What an assistant says and then calls is one message")
    func saysAndCalls() throws {
        let request: JSONValue = [
            "input": [
                ["role": "assistant", "content": "I look."],
                ["type": "function_call", "call_id": "c1", "name": "find", "arguments": text],
            ]
        ]
        #expect(
            try chat(ChatTranslation(responses: request))["messages"]
                == [["role": "assistant", "content": "I look.", "tool_calls": [call(text)]]])
    }

    @Test("A conversation of messages: system, thoughts, a call and its result, a document, and the same words")
    func messages() throws {
        let request: JSONValue = [
            "system": [["type": "text", "text": "Be "], ["type": "text", "text": "brief."]],
            "messages": [
                [
                    "role": "user",
                    "content": [
                        ["type": "document", "title": "Pets", "source": ["type": "text", "data": "The cat is out."]],
                        ["type": "text", "text": "Where is the cat?"],
                    ],
                ],
                [
                    "role": "assistant",
                    "content": [
                        ["type": "thinking", "thinking": "I look.", "signature": ""],
                        ["type": "text", "text": "Wait."],
                        ["type": "tool_use", "id": "c1", "name": "find", "input": ["what": "cat"]],
                    ],
                ],
                [
                    "role": "user",
                    "content": [
                        ["type": "tool_result", "tool_use_id": "c1", "content": [["type": "text", "text": "garden"]]],
                        ["type": "text", "text": "And?"],
                    ],
                ],
            ],
            "max_tokens": 5, "stop_sequences": ["."], "tool_choice": ["type": "any"], "thinking": ["type": "disabled"],
            "tools": [["name": "find", "description": "Finds.", "input_schema": ["type": "object"]]],
            "output_config": ["effort": "max"],
        ]
        let chat = try chat(ChatTranslation(messages: request))
        #expect(
            chat["messages"] == [
                ["role": "system", "content": "Be brief."], ["role": "user", "content": "Where is the cat?"],
                [
                    "role": "assistant", "content": "Wait.", "reasoning_content": "I look.",
                    "tool_calls": [call(["what": "cat"])],
                ],
                ["role": "tool", "content": "garden", "tool_call_id": "c1"], ["role": "user", "content": "And?"],
            ])
        #expect(chat["documents"] == [["title": "Pets", "text": "The cat is out."]])
        #expect(chat["max_tokens"] == 5 && chat["stop"] == ["."] && chat["tool_choice"] == "required")
        #expect(chat["chat_template_kwargs"] == ["enable_thinking": false] && chat["reasoning_effort"] == "high")
        let function: JSONValue = ["name": "find", "description": "Finds.", "parameters": ["type": "object"]]
        #expect(chat["tools"] == [["type": "function", "function": function]])
    }

    @Test("An assistant's message at the end is continued, unless it calls something")
    func prefill() throws {
        func continues(_ content: JSONValue) throws -> Bool {
            let messages: JSONValue = [["role": "user", "content": "Hi"], ["role": "assistant", "content": content]]
            return try chat(ChatTranslation(messages: ["messages": messages]))["continue_final_message"] == true
        }
        #expect(try continues("The cat"))
        #expect(try !continues([["type": "tool_use", "id": "c1", "name": "find", "input": [:]]]))
        #expect(try !continues(""))
    }

    @Test(
        "Blocks are said by whom they belong to",
        arguments: [
            ("user", "tool_use"), ("user", "thinking"), ("assistant", "tool_result"), ("assistant", "document"),
        ])
    func misplaced(role: String, type: String) throws {
        let block: JSONValue = ["type": .string(type)]
        let error = try #require(throws: APIError.self) {
            try ChatTranslation(messages: ["messages": [["role": .string(role), "content": [block]]]])
        }
        #expect(error.param == "messages[0].content[0]")
    }

    @Test(
        "No more messages and documents come of a request than chat completions may have",
        arguments: ["tool_result", "document"])
    func limits(type: String) throws {
        let block: JSONValue = ["type": .string(type), "tool_use_id": "c", "source": ["type": "text", "data": "x"]]
        let message: JSONValue = ["role": "user", "content": .array(Array(repeating: block, count: 64))]
        func translated(_ count: Int) throws -> JSONValue {
            try chat(ChatTranslation(messages: ["messages": .array(Array(repeating: message, count: count))]))
        }
        #expect(throws: Never.self) { try translated(4) }
        let error = try #require(throws: APIError.self) { try translated(17) }
        #expect(error.param == (type == "document" ? "documents" : "messages"))
    }

    @Test(
        "Errors speak of the request's own fields",
        arguments: [
            ("messages[0].content", "instructions"), ("messages[1].tool_calls[0].function", "input[0]"),
            ("messages", "input"),
            ("max_tokens", "max_output_tokens"), ("response_format", "text.format"), ("agd.roi[0]", nil),
            ("response_format.json_schema.schema", "text.format.schema"), ("tools", nil),
        ] as [(String, String?)])
    func errors(chat: String, own: String?) throws {
        let translation = ChatTranslation(responses: [
            "instructions": "x", "input": [["role": "user", "content": "y"]], "max_output_tokens": 3,
            "text": ["format": ["type": "json_schema", "schema": [:]]], "tools": [],
        ])
        let error = try #require(throws: APIError.self) {
            try translation { _ in throw APIError.invalid("'\(chat)' is wrong.", param: chat) }
        }
        #expect(error.param == own ?? chat && error.message == "'\(own ?? chat)' is wrong.")
    }
}
