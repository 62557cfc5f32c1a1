// The server's API. Every failure becomes a ServerError with the server's own words.

class ServerError extends Error {
  constructor(message, { status = 0, code = null, wait = null } = {}) {
    super(message);
    Object.assign(this, { status, code, wait });
  }
}

let key = ""; // Kept while the page is open, and nowhere else.
export const setKey = (value) => { key = value; };

async function ask(path, options = {}) {
  const headers = { ...(options.body ? { "Content-Type": "application/json" } : {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let reply;
  try {
    reply = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server can't be reached. Is it still running?", { code: "unreachable" });
  }
  if (reply.ok) return reply;
  const problem = (await reply.json().catch(() => null))?.error;
  throw new ServerError(problem?.message ?? `The server answered with status ${reply.status}.`, {
    status: reply.status, code: problem?.code ?? null, wait: Number(reply.headers.get("Retry-After")) || null,
  });
}

export const post = async (path, body, signal) => (await ask(path, { method: "POST", body: JSON.stringify(body), signal })).json();
export const get = async (path) => (await ask(path)).json();

// The events of a stream, until it says that it is done.
export async function* stream(path, body, signal) {
  const reply = await ask(path, { method: "POST", body: JSON.stringify({ ...body, stream: true }), signal });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await read(reader);
    if (done) throw new ServerError("The server ended the answer early.", { code: "cut" });
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (!part.startsWith("data: ")) continue; // A comment keeps the connection open.
      const data = part.slice(6);
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new ServerError(event.error.message, { code: event.error.code });
      yield event;
    }
  }
}

async function read(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The connection to the server broke.", { code: "cut" });
  }
}

// What the server can do, from its own description: the defaults and limits of guidance, and whether it knows of sources.
export async function abilities() {
  const description = await get("openapi.json");
  const body = (path) => description.paths[path]?.post?.requestBody.content["application/json"].schema.properties ?? {};
  const chat = body("/v1/chat/completions");
  const guidance = objectIn(chat.agd)?.properties ?? {};
  const field = (name) => ({ standard: guidance[name]?.default, ...limits(guidance[name]) });
  return {
    guidance: Object.fromEntries(["candidates", "min_probability", "entropy_threshold", "score", "rule"].map((name) => [name, field(name)])),
    sources: "sources" in guidance,
    trust: "trust" in guidance,
    avoid: "avoid" in guidance,
    documents: "documents" in chat,
  };
}

const alternatives = (schema) => (schema?.anyOf ?? []).flatMap((inner) => [inner, ...alternatives(inner)]);
const objectIn = (schema) => [schema, ...alternatives(schema)].find((inner) => inner?.properties);

function limits(schema) {
  const number = [schema, ...alternatives(schema)].find((inner) => inner?.minimum !== undefined);
  const choice = [schema, ...alternatives(schema)].find((inner) => inner?.enum?.length > 1);
  return { minimum: number?.minimum, maximum: number?.maximum, isWhole: number?.type === "integer", values: choice?.enum };
}
