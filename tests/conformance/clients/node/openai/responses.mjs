// The `openai` npm package against a live server and a real model: /v1/responses.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponsesFunction, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = process.env.POWER_MODEL;
const client = new OpenAI({ baseURL: `${process.env.POWER_URL}/v1`, apiKey: "any key will do", maxRetries: 0 });
const hello = { model, input: "Say hello.", max_output_tokens: 16, temperature: 0 };
const Person = z.object({ name: z.string().max(12), age: z.number().int().min(0).max(150) });
const person = { ...hello, input: "Ann is 41.", max_output_tokens: 96 };

async function ended(id) {
  for (let left = 200; left > 0; left--) {
    const response = await client.responses.retrieve(id);
    if (!["queued", "in_progress"].includes(response.status)) return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it does not end");
}

test("a response has its text, its usage, and an end", async () => {
  const response = await client.responses.create({ ...hello, instructions: "Be brief." });
  assert.ok(response.output_text);
  assert.ok(["completed", "incomplete"].includes(response.status));
  assert.equal(response.usage.input_tokens + response.usage.output_tokens, response.usage.total_tokens);
});

test("a stream's events are numbered without gaps and end with the whole response", async () => {
  const events = [];
  for await (const event of await client.responses.create({ ...hello, stream: true })) events.push(event);
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, i) => events[0].sequence_number + i));
  assert.equal(events[0].type, "response.created");
  assert.match(events.at(-1).type, /^response\.(completed|incomplete)$/);
  const text = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta).join("");
  assert.equal(text, events.at(-1).response.output[0].content[0].text);
});

test("the .stream() helper puts the response together", async () => {
  const deltas = [];
  const stream = client.responses.stream(hello);
  stream.on("response.output_text.delta", (event) => deltas.push(event.delta));
  const response = await stream.finalResponse();
  assert.ok(deltas.length > 1);
  assert.equal(response.output_text, deltas.join(""));
});

test(".parse() and .stream() give what zod describes", async () => {
  const asked = { ...person, text: { format: zodTextFormat(Person, "person") } };
  const response = await client.responses.parse(asked);
  assert.equal(response.status, "completed");
  Person.parse(response.output_parsed);
  Person.parse((await client.responses.stream(asked).finalResponse()).output_parsed);
});

test("a call comes back parsed, and its output goes in", async () => {
  const Weather = z.object({ city: z.enum(["Paris", "Rome"]) });
  const tools = [zodResponsesFunction({ name: "get_weather", parameters: Weather, description: "The weather of a city" })];
  const asked = { ...hello, input: "The weather in Rome?", tools, max_output_tokens: 64 };
  const response = await client.responses.parse({ ...asked, tool_choice: "required", parallel_tool_calls: false });
  const [call] = response.output.filter((item) => item.type === "function_call");
  assert.equal(call.name, "get_weather");
  Weather.parse(call.parsed_arguments);
  const answer = await client.responses.create({
    ...asked,
    tool_choice: "none",
    previous_response_id: response.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "sun" }],
  });
  assert.ok(answer.output_text);
});

test("a conversation goes on from what is stored, until that is deleted", async () => {
  const first = await client.responses.create({ ...hello, input: "My name is Ann." });
  const second = await client.responses.create({ ...hello, input: "What is my name?", previous_response_id: first.id });
  assert.equal(second.previous_response_id, first.id);
  assert.ok(second.usage.input_tokens > first.usage.input_tokens);
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
  const items = [];
  for await (const item of client.responses.inputItems.list(second.id)) items.push(item);
  assert.ok(items.length >= 1);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
});

test("one in the background is queued, ends by itself, and another is cancelled", async () => {
  const queued = await client.responses.create({ ...hello, background: true });
  assert.ok(["queued", "in_progress"].includes(queued.status));
  assert.ok((await ended(queued.id)).output_text);
  const long = await client.responses.create({ ...hello, background: true, max_output_tokens: 2000, input: "Count to a thousand." });
  assert.equal((await client.responses.cancel(long.id)).status, "cancelled");
  assert.equal((await ended(long.id)).status, "cancelled");
});

test("errors have their class, code and parameter", async () => {
  await assert.rejects(client.responses.create({ ...hello, model: "nope" }), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({ ...hello, max_output_tokens: -1 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "max_output_tokens");
    return true;
  });
  await assert.rejects(client.responses.create({ ...hello, previous_response_id: "resp_nope" }), (error) => error.status === 404 || error.status === 400);
});
