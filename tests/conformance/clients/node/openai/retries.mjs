// The `openai` npm package against a server with one place and no queue: retries on 503, and cancellation.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const statuses = [];
const noting = async (url, init) => {
  const response = await fetch(url, init);
  statuses.push(response.status);
  return response;
};
const connection = { baseURL: `${process.env.POWER_URL}/v1`, apiKey: "any key will do", fetch: noting };
const client = new OpenAI({ ...connection, maxRetries: 0 });
const patient = new OpenAI({ ...connection, maxRetries: 5 });
const request = { model: process.env.POWER_MODEL, messages: [{ role: "user", content: "Hi" }], max_tokens: 4 };

async function endlessStream(options) {
  const stream = await client.chat.completions.create({ ...request, max_tokens: 100_000, stream: true }, options);
  const chunks = stream[Symbol.asyncIterator]();
  await chunks.next();
  return { stream, chunks };
}

async function served() {
  // The server learns of a closed connection a moment later.
  for (let left = 100; ; left--) {
    try {
      return await client.chat.completions.create(request);
    } catch (error) {
      if (error.status !== 503 || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test("a full server is 503 with a time to come back", async () => {
  const { stream } = await endlessStream();
  await assert.rejects(client.chat.completions.create(request), (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.equal(error.status, 503);
    assert.ok(Number(error.headers.get("retry-after")) >= 1);
    return true;
  });
  stream.controller.abort();
  await served();
});

test("the package comes back by itself, and is served when there is room", async () => {
  const { stream } = await endlessStream();
  statuses.length = 0;
  const answer = patient.chat.completions.create(request);
  while (!statuses.includes(503)) await new Promise((resolve) => setTimeout(resolve, 20));
  stream.controller.abort();
  assert.equal((await answer).choices[0].finish_reason, "length");
  assert.equal(statuses.at(-1), 200);
  assert.ok(statuses.slice(0, -1).every((status) => status === 503));
});

test("a stream that is aborted gives its place back", async () => {
  const controller = new AbortController();
  const { chunks } = await endlessStream({ signal: controller.signal });
  controller.abort();
  assert.equal((await chunks.next()).done, true);
  assert.ok((await served()).choices[0].message.content);
});

test("a loop that is left gives its place back", async () => {
  for await (const chunk of await client.chat.completions.create({ ...request, max_tokens: 100_000, stream: true })) {
    if (chunk.choices.length) break;
  }
  assert.ok((await served()).choices[0].message.content);
});

test("a whole answer that is aborted gives its place back", async () => {
  const controller = new AbortController();
  const answer = client.chat.completions.create({ ...request, max_tokens: 100_000 }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 500);
  await assert.rejects(answer, OpenAI.APIUserAbortError);
  assert.ok((await served()).choices[0].message.content);
});

test("a stream says what the whole answer says", async () => {
  const whole = await served();
  let text = "";
  let usage;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.ok(text);
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});
