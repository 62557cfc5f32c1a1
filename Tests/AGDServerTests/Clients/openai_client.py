"""Talks to a server with OpenAI's own Python client. Usage: openai_client.py BASE_URL"""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="any", max_retries=0)
model = client.models.list().data[0].id
messages = [
    {"role": "system", "content": "Answer in Spanish."},
    {"role": "user", "content": "Please answer in English: where is the cat?"},
]


def raises(kind, **arguments):
    try:
        client.chat.completions.create(**{"model": model, "messages": messages, "max_tokens": 1, **arguments})
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__} for {arguments}")


# A whole answer, and the same as a stream.
whole = client.chat.completions.create(model=model, messages=messages, max_tokens=12)
assert whole.choices[0].message.role == "assistant" and whole.choices[0].message.content
assert whole.choices[0].finish_reason in ("stop", "length")
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
chunks = list(client.chat.completions.create(
    model=model, messages=messages, max_tokens=12, stream=True, stream_options={"include_usage": True}))
assert chunks[0].choices[0].delta.role == "assistant"
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
assert whole.usage.prompt_tokens_details.cached_tokens >= 0

# Log-probabilities.
rated = client.chat.completions.create(model=model, messages=messages, max_tokens=3, logprobs=True, top_logprobs=4)
for entry in rated.choices[0].logprobs.content:
    assert len(entry.top_logprobs) == 4 and abs(entry.logprob - entry.top_logprobs[0].logprob) < 1e-9
    assert bytes(entry.bytes).decode("utf-8", "replace") == entry.token or not entry.bytes
text = client.completions.create(model=model, prompt="The cat", max_tokens=2, logprobs=2, echo=True)
assert text.choices[0].text.startswith("The cat")
assert text.choices[0].logprobs.token_logprobs[0] is None
assert len(text.choices[0].logprobs.tokens) == text.usage.prompt_tokens + 2
assert "".join(c.choices[0].text for c in client.completions.create(
    model=model, prompt="The cat", max_tokens=4, stream=True)) == client.completions.create(
    model=model, prompt="The cat", max_tokens=4).choices[0].text

# Stop strings, sampling with a seed, several answers.
answer = client.chat.completions.create(model=model, messages=messages, max_tokens=12).choices[0].message.content
stop = answer[len(answer) // 2:][:2]
assert client.chat.completions.create(
    model=model, messages=messages, max_tokens=12, stop=[stop]).choices[0].message.content == answer[:answer.index(stop)]
drawn = [client.chat.completions.create(model=model, messages=messages, max_tokens=12, temperature=1.2, seed=5, n=2) for _ in range(2)]
assert [c.message.content for c in drawn[0].choices] == [c.message.content for c in drawn[1].choices]

# Guidance, and its trace.
guided = client.chat.completions.create(
    model=model, messages=messages, max_tokens=8,
    extra_body={"agd": {"roi": ["system", 'text:"English"=-0.5'], "entropy_threshold": "off", "score": "excess", "trace": True}})
trace = guided.choices[0].agd
assert trace["strategy"] == "agd" and len(trace["steps"]) == guided.usage.completion_tokens
assert all(step["guided"] and {"probability", "score", "total"} <= set(step["candidates"][0]) for step in trace["steps"] if step["candidates"])

# Constraints: biases, penalties, a least length, and formats, with guidance and without it.
first = client.chat.completions.create(
    model=model, messages=messages, max_tokens=1, extra_body={"agd": {"trace": True}}).choices[0].agd["steps"][0]["token"]
forbidden = client.chat.completions.create(
    model=model, messages=messages, max_tokens=4, logit_bias={str(first): -100}, presence_penalty=1, frequency_penalty=1,
    extra_body={"agd": {"trace": True}, "min_tokens": 4})
assert first not in [step["token"] for step in forbidden.choices[0].agd["steps"]] and forbidden.usage.completion_tokens == 4
schema = {"type": "object", "properties": {"animal": {"enum": ["cat", "dog"]}, "legs": {"enum": [2, 4]}},
          "required": ["animal", "legs"], "additionalProperties": False}
for extra in ({}, {"agd": {"roi": ["system"], "entropy_threshold": "off"}}):
    for stream in (False, True):
        formatted = client.chat.completions.create(
            model=model, messages=messages, max_tokens=100, stream=stream, extra_body=extra,
            response_format={"type": "json_schema", "json_schema": {"name": "animal", "strict": True, "schema": schema}})
        content = "".join(c.choices[0].delta.content or "" for c in formatted) if stream else formatted.choices[0].message.content
        animal = json.loads(content)
        assert animal["animal"] in ("cat", "dog") and animal["legs"] in (2, 4) and len(animal) == 2, content
assert raises(openai.BadRequestError, response_format={
    "type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string", "pattern": "a"}}}).param == "response_format.json_schema.schema"
# Documents, what each sentence rests on, and citations as the client knows them.
cited = client.chat.completions.create(
    model=model, messages=messages, max_tokens=12,
    extra_body={"documents": [{"id": "https://pets.example/1", "title": "Pets", "text": "The cat is in the garden."}],
                "agd": {"sources": "sentence"}})
rest = cited.choices[0].agd["sources"]
assert rest and all(abs(sum(share["share"] for share in part["shares"]) - 1) < 1e-9 for part in rest)
for note in cited.choices[0].message.annotations:
    assert note.type == "url_citation" and note.url_citation.title == "Pets"
    assert note.url_citation.url == "https://pets.example/1" and note.url_citation.start_index < note.url_citation.end_index

# The Responses API: whole, as a stream, parsed, guided, and with what was said before.
request = dict(model=model, instructions=messages[0]["content"], input=messages[1]["content"], max_output_tokens=12)
response = client.responses.create(**request)
assert response.output_text == client.chat.completions.create(model=model, messages=messages, max_tokens=12).choices[0].message.content
assert response.status in ("completed", "incomplete") and response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
events = list(client.responses.create(**request, stream=True))
assert [event.sequence_number for event in events] == list(range(len(events)))
assert events[0].type == "response.created" and events[-1].type == f"response.{response.status}"
assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == response.output_text == events[-1].response.output_text
with client.responses.stream(**{**request, "max_output_tokens": 200}) as stream:
    text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    assert text == stream.get_final_response().output_text
guided_response = client.responses.create(**request, extra_body={"agd": {"roi": ["system"], "trace": True}})
assert len(guided_response.agd["steps"]) == guided_response.usage.output_tokens
formatted = client.responses.create(**{**request, "max_output_tokens": 100}, text={"format": {"type": "json_schema", "name": "animal", "strict": True, "schema": schema}})
assert json.loads(formatted.output_text)["legs"] in (2, 4)
assert client.responses.create(**{**request, "input": [{"role": "user", "content": "Hi"}, *[item.model_dump(exclude_none=True) for item in response.output], {"role": "user", "content": "And?"}]}).output_text
assert client.responses.input_tokens.count(model=model, instructions=request["instructions"], input=request["input"]).input_tokens == response.usage.input_tokens
for wrong in ({"store": True}, {"previous_response_id": "resp_1"}, {"input": [{"type": "item_reference", "id": "x"}]}):
    try:
        client.responses.create(**{**request, **wrong})
        raise AssertionError(f"{wrong} was accepted")
    except openai.BadRequestError as error:
        assert error.param.split(".")[0].split("[")[0] in wrong, error.param

# Errors become the client's own classes.
assert raises(openai.BadRequestError, temperature=-1).param == "temperature"
assert raises(openai.BadRequestError, extra_body={"agd": {"roi": ["assistant"]}}).param == "agd.roi[0]"
assert raises(openai.BadRequestError, messages=messages[:1] + [{"role": "user", "content": "cat " * 50_000}]).code == "context_length_exceeded"
assert raises(openai.NotFoundError, model="another").code == "model_not_found"
print("ok")
