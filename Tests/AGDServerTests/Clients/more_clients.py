"""Talks to a server as larger libraries do. Usage: more_clients.py BASE_URL

The server's model has a chat template that shows tools (tools_copy.py). What it says doesn't matter here: every library must
understand the server's answers, streams, calls of tools and errors, and be understood.
"""
import json
import os
import subprocess
import sys
import tempfile
from typing import Literal

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # Else it looks for one in the network.
import litellm  # noqa: E402

base = sys.argv[1]
model = openai.OpenAI(base_url=base + "/v1", api_key="any").models.list().data[0].id
system, question = "Answer in Spanish.", "Please answer in English: where is the cat?"
parameters = {"type": "object", "properties": {"what": {"type": "string", "enum": ["cat", "dog"]}}, "required": ["what"]}
function = {"name": "find", "description": "Finds an animal.", "parameters": parameters}


@tool
def find(what: Literal["cat", "dog"]) -> str:
    """Finds an animal."""
    return f"The {what} is in the garden."


def messages_api():
    client = anthropic.Anthropic(base_url=base, api_key="any", max_retries=0)
    request = dict(model=model, max_tokens=24, system=system, messages=[{"role": "user", "content": question}])
    whole = client.messages.create(**request)
    assert whole.content[0].text and whole.stop_reason in ("end_turn", "max_tokens")
    assert client.messages.count_tokens(model=model, system=system, messages=request["messages"]).input_tokens == whole.usage.input_tokens
    with client.messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == whole.content[0].text == final.content[0].text and final.stop_reason == whole.stop_reason
    assert final.usage.output_tokens == whole.usage.output_tokens

    tools = [{"name": "find", "description": "Finds an animal.", "input_schema": parameters}]
    for choice in ({"type": "any"}, {"type": "tool", "name": "find"}):
        called = client.messages.create(**{**request, "max_tokens": 250}, tools=tools, tool_choice=choice)
        assert called.stop_reason == "tool_use" and called.content[0].input["what"] in ("cat", "dog")
    with client.messages.stream(**{**request, "max_tokens": 250}, tools=tools, tool_choice={"type": "any"}) as stream:
        assert stream.get_final_message().content[0].input == called.content[0].input
    history = [*request["messages"], {"role": "assistant", "content": called.content},
               {"role": "user", "content": [{"type": "tool_result", "tool_use_id": called.content[0].id, "content": "In the garden."}]}]
    assert client.messages.create(**{**request, "messages": history}, tools=tools).content

    guided = client.messages.create(**request, extra_body={"agd": {"roi": ["system"], "trace": True}})
    assert len(guided.agd["steps"]) == guided.usage.output_tokens
    for kind, wrong in ((anthropic.BadRequestError, {"max_tokens": 0}), (anthropic.NotFoundError, {"model": "another"})):
        try:
            client.messages.create(**{**request, **wrong})
            raise AssertionError(f"{wrong} was accepted")
        except kind as error:
            assert error.body["type"] == "error" and error.body["error"]["message"]
    assert client.models.list().data[0].id == model


def langchain():
    for chat in (ChatOpenAI(model=model, base_url=base + "/v1", api_key="any", max_retries=0, max_tokens=250),
                 ChatOpenAI(model=model, base_url=base + "/v1", api_key="any", max_retries=0, max_tokens=250, use_responses_api=True),
                 ChatAnthropic(model=model, base_url=base, api_key="any", max_retries=0, max_tokens=250)):
        conversation = [SystemMessage(system), HumanMessage(question)]
        whole = chat.invoke(conversation)
        assert whole.text and whole.usage_metadata["output_tokens"] > 0
        streamed = None
        for chunk in chat.stream(conversation):
            streamed = chunk if streamed is None else streamed + chunk
        assert streamed.text == whole.text, (streamed.text, whole.text)
        caller = chat.bind_tools([find], tool_choice="any")
        called = caller.invoke(conversation)
        assert called.tool_calls[0]["name"] == "find" and "what" in called.tool_calls[0]["args"]
        streamed = None
        for chunk in caller.stream(conversation):
            streamed = chunk if streamed is None else streamed + chunk
        assert streamed.tool_calls[0]["args"] == called.tool_calls[0]["args"]
        result = ToolMessage(find.invoke(called.tool_calls[0]["args"]), tool_call_id=called.tool_calls[0]["id"])
        assert chat.bind_tools([find]).invoke([*conversation, called, result]) is not None
    schema = {"title": "Animal", "description": "An animal.", **parameters}
    for method in (dict(use_responses_api=True), {}):
        chat = ChatOpenAI(model=model, base_url=base + "/v1", api_key="any", max_retries=0, max_tokens=250, **method)
        assert chat.with_structured_output(schema, method="json_schema").invoke(question)["what"] in ("cat", "dog")


def llama_index():
    chat = OpenAILike(model=model, api_base=base + "/v1", api_key="any", is_chat_model=True, is_function_calling_model=True, max_tokens=24, max_retries=0)
    conversation = [ChatMessage(role="system", content=system), ChatMessage(role="user", content=question)]
    whole = chat.chat(conversation).message.content
    assert whole and "".join(part.delta or "" for part in chat.stream_chat(conversation)) == whole
    text = OpenAILike(model=model, api_base=base + "/v1", api_key="any", max_tokens=8, max_retries=0)
    assert "".join(part.delta or "" for part in text.stream_complete("The cat")) == text.complete("The cat").text
    called = OpenAILike(model=model, api_base=base + "/v1", api_key="any", is_chat_model=True, max_tokens=250, max_retries=0).chat(
        conversation, tools=[{"type": "function", "function": function}], tool_choice="required")
    assert json.loads(called.message.additional_kwargs["tool_calls"][0].function.arguments)["what"] in ("cat", "dog")


def lite_llm():
    conversation = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    tools = [{"type": "function", "function": function}]
    for provider, address in (("openai", base + "/v1"), ("anthropic", base), ("hosted_vllm", base + "/v1")):
        request = dict(model=f"{provider}/{model}", api_base=address, api_key="any", messages=conversation, max_retries=0)
        whole = litellm.completion(**request, max_tokens=24)
        assert whole.choices[0].message.content and whole.usage.completion_tokens > 0
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**request, max_tokens=24, stream=True))
        assert streamed == whole.choices[0].message.content
        called = litellm.completion(**request, max_tokens=250, tools=tools, tool_choice="required")
        call = called.choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments)["what"] in ("cat", "dog")
        answer = [*conversation, called.choices[0].message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "In the garden."}]
        assert litellm.completion(**{**request, "messages": answer}, max_tokens=8, tools=tools).choices
    response = litellm.responses(model=f"openai/{model}", api_base=base + "/v1", api_key="any", input=question, instructions=system, max_output_tokens=24)
    assert response.output[0].content[0].text
    events = [event.type for event in litellm.responses(
        model=f"openai/{model}", api_base=base + "/v1", api_key="any", input=question, max_output_tokens=8, stream=True)]
    assert events[0] == "response.created" and events[-1] in ("response.completed", "response.incomplete"), events


def llm():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "extra-openai-models.yaml"), "w") as file:
            file.write(f"- model_id: served\n  model_name: {json.dumps(model)}\n  api_base: {base}/v1\n  supports_tools: true\n  supports_schema: true\n")
        environment = {**os.environ, "LLM_USER_PATH": folder, "OPENAI_API_KEY": "any"}

        def say(*arguments):
            program = os.path.join(os.path.dirname(sys.executable), "llm")
            return subprocess.run([program, "-m", "served", *arguments, question], env=environment, check=True, capture_output=True, text=True).stdout
        assert say("-s", system, "-o", "max_tokens", "24").strip()
        assert say("-s", system, "-o", "max_tokens", "24") == say("-s", system, "-o", "max_tokens", "24", "--no-stream")
        assert json.loads(say("--schema", json.dumps(parameters), "-o", "max_tokens", "250"))["what"] in ("cat", "dog")


def open_web_ui():
    """Bodies as its back end makes them: backend/open_webui/routers/openai.py and utils/payload.py."""
    client = openai.OpenAI(base_url=base + "/v1", api_key="any", max_retries=0)
    chat = {"model": model, "stream": True, "stream_options": {"include_usage": True},
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
            "temperature": 0.8, "top_p": 0.9, "max_tokens": 16, "frequency_penalty": 0.0, "seed": 42, "stop": ["\n\n\n"]}
    called = {"role": "assistant", "content": "", "tool_calls": [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "find", "arguments": '{"what": "cat"}'}}]}
    with_tools = {**chat, "tools": [{"type": "function", "function": function}],
                  "messages": [*chat["messages"], called, {"role": "tool", "tool_call_id": "call_1", "content": "In the garden."}]}
    for body in (chat, with_tools):
        chunks = list(client.post("/chat/completions", body=body, cast_to=openai.types.chat.ChatCompletionChunk, stream=True,
                                  stream_cls=openai.Stream[openai.types.chat.ChatCompletionChunk]))
        assert chunks[-1].usage.completion_tokens > 0
    title = client.post("/chat/completions", cast_to=openai.types.chat.ChatCompletion, body={
        "model": model, "messages": [{"role": "user", "content": "Give this chat a title."}], "stream": False, "max_completion_tokens": 8})
    assert title.choices[0].message.content


for client in (messages_api, langchain, llama_index, lite_llm, llm, open_web_ui):
    client()
    print(client.__name__, "ok", flush=True)
