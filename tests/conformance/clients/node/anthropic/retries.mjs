// The `@anthropic-ai/sdk` npm package against a server with one place and no queue: retries on overload, cancellation.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const statuses = [];
const noting = async (url, init) => {
  const response = await fetch(url, init);
  statuses.push(response.status);
  return response;
};
const connection = { baseURL: process.env.POWER_URL, apiKey: "any key will do", fetch: noting };
const client = new Anthropic({ ...connection, maxRetries: 0 });
const patient = new Anthropic({ ...connection, maxRetries: 5 });
const request = { model: process.env.POWER_MODEL, messages: [{ role: "user", content: "Hi" }], max_tokens: 4 };
const overloaded = (error) => error instanceof Anthropic.APIError && [503, 529].includes(error.status);

async function endlessStream(options) {
  const stream = client.messages.stream({ ...request, max_tokens: 100_000 }, options);
  stream.on("error", () => {}).on("abort", () => {});
  await new Promise((resolve) => stream.once("text", resolve));
  return stream;
}

async function served() {
  // The server learns of a closed connection a moment later.
  for (let left = 100; ; left--) {
    try {
      return await client.messages.create(request);
    } catch (error) {
      if (!overloaded(error) || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test("a full server is an overload with a time to come back", async () => {
  const stream = await endlessStream();
  await assert.rejects(client.messages.create(request), (error) => {
    assert.ok(overloaded(error));
    assert.equal(error.error.error.type, "overloaded_error");
    assert.ok(Number(error.headers.get("retry-after")) >= 1);
    return true;
  });
  stream.abort();
  await served();
});

test("the package comes back by itself, and is served when there is room", async () => {
  const stream = await endlessStream();
  statuses.length = 0;
  const answer = patient.messages.create(request);
  while (statuses.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  stream.abort();
  assert.equal((await answer).stop_reason, "max_tokens");
  assert.ok([503, 529].includes(statuses[0]));
  assert.equal(statuses.at(-1), 200);
});

test("a stream that is aborted gives its place back", async () => {
  const stream = await endlessStream();
  stream.abort();
  await assert.rejects(stream.done(), Anthropic.APIUserAbortError);
  assert.ok((await served()).content[0].text);
});

test("a whole message that is aborted gives its place back", async () => {
  const controller = new AbortController();
  const answer = client.messages.create({ ...request, max_tokens: 20_000 }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 500);
  await assert.rejects(answer, Anthropic.APIUserAbortError);
  assert.ok((await served()).content[0].text);
});

test("a stream says what the whole message says", async () => {
  const whole = await served();
  const streamed = await client.messages.stream(request).finalMessage();
  assert.ok(whole.content[0].text);
  assert.deepEqual(streamed.content[0].text, whole.content[0].text);
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
});
