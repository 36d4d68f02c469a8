// The `@anthropic-ai/sdk` npm package against a live server and a real model: messages, whole, streamed, with helpers.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

const model = process.env.POWER_MODEL;
const client = new Anthropic({ baseURL: process.env.POWER_URL, apiKey: "any key will do", maxRetries: 0 });
const hello = { model, max_tokens: 12, temperature: 0, messages: [{ role: "user", content: "Say hello." }] };
const weather = {
  name: "get_weather",
  description: "The weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string", enum: ["Paris", "Rome"] } }, required: ["city"] },
};

test("a message has text, a reason and exact usage", async () => {
  const { data, response } = await client.messages.create({ ...hello, system: "Be brief." }).withResponse();
  assert.ok(response.headers.get("request-id"));
  assert.equal(data.type, "message");
  assert.equal(data.content[0].type, "text");
  assert.ok(["end_turn", "max_tokens"].includes(data.stop_reason));
  const counted = await client.messages.countTokens({ model, system: "Be brief.", messages: hello.messages });
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = data.usage;
  assert.equal(counted.input_tokens, input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0));
});

test("a stream's events come in order", async () => {
  const events = [];
  for await (const event of await client.messages.create({ ...hello, stream: true })) events.push(event);
  const kinds = events.map((event) => event.type).filter((type) => type !== "ping");
  assert.equal(kinds[0], "message_start");
  assert.equal(kinds[1], "content_block_start");
  assert.deepEqual(kinds.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
  const text = events.filter((event) => event.type === "content_block_delta").map((event) => event.delta.text).join("");
  assert.ok(text);
});

test("the .stream() helper tells of the text and puts the message together", async () => {
  const seen = [];
  const stream = client.messages.stream(hello).on("text", (delta) => seen.push(delta));
  const message = await stream.finalMessage();
  assert.ok(seen.length > 1);
  assert.equal(message.content[0].text, seen.join(""));
  assert.equal(await stream.finalText(), seen.join(""));
  assert.ok(message.usage.output_tokens > 0);
});

test(".parse() gives what zod describes", async () => {
  const Person = z.object({ name: z.string().max(12), age: z.number().int() });
  const messages = [{ role: "user", content: "Ann is 41." }];
  const answer = await client.messages.parse({ ...hello, messages, max_tokens: 96, output_config: { format: zodOutputFormat(Person) } });
  Person.parse(answer.parsed_output);
});

test("a tool is called, and its result goes in", async () => {
  const messages = [{ role: "user", content: "The weather in Rome?" }];
  const asked = { ...hello, messages, max_tokens: 64, tools: [weather] };
  const answer = await client.messages.create({ ...asked, tool_choice: { type: "tool", name: "get_weather" } });
  assert.equal(answer.stop_reason, "tool_use");
  const [call] = answer.content.filter((block) => block.type === "tool_use");
  assert.ok(["Paris", "Rome"].includes(call.input.city));
  messages.push({ role: "assistant", content: answer.content });
  messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "sun" }] });
  const told = await client.messages.create({ ...asked, tool_choice: { type: "none" } });
  assert.equal(told.content[0].type, "text");
});

test("a streamed call's input is put together", async () => {
  const messages = [{ role: "user", content: "The weather in Rome?" }];
  const stream = client.messages.stream({ ...hello, messages, max_tokens: 64, tools: [weather], tool_choice: { type: "any" } });
  const pieces = [];
  stream.on("inputJson", (piece) => pieces.push(piece));
  const message = await stream.finalMessage();
  assert.equal(message.stop_reason, "tool_use");
  assert.ok(["Paris", "Rome"].includes(message.content.find((block) => block.type === "tool_use").input.city));
  assert.ok(pieces.length > 0);
});

test("the tool runner calls the function with what it takes", async () => {
  const cities = [];
  const inputSchema = z.object({ city: z.enum(["Paris", "Rome"]) });
  const run = ({ city }) => (cities.push(city), `${city}: sun`);
  const tool = betaZodTool({ name: "get_weather", description: weather.description, inputSchema, run });
  const messages = [{ role: "user", content: "The weather in Rome?" }];
  // The choice is forced in each turn, so the turns are counted out.
  const fields = { ...hello, messages, max_tokens: 64, tools: [tool], tool_choice: { type: "any", disable_parallel_tool_use: true }, max_iterations: 2 };
  await client.beta.messages.toolRunner(fields).runUntilDone();
  assert.ok(cities.length >= 1);
  assert.ok(cities.every((city) => ["Paris", "Rome"].includes(city)));
});

test("the stop sequence that ended it is named", async () => {
  const messages = [{ role: "user", content: "Count." }, { role: "assistant", content: "1, 2, 3, 4," }];
  const answer = await client.messages.create({ ...hello, messages, max_tokens: 40, stop_sequences: ["\u0000", "6", " 5"] });
  assert.equal(answer.stop_reason, "stop_sequence");
  assert.ok(["6", " 5"].includes(answer.stop_sequence));
});

test("models are listed in Anthropic's shape", async () => {
  const ids = [];
  for await (const one of client.models.list()) ids.push(one.id);
  assert.ok(ids.includes(model));
  assert.equal((await client.models.retrieve(model)).type, "model");
});

test("errors have Anthropic's classes and types", async () => {
  await assert.rejects(client.messages.create({ ...hello, model: "nope" }), (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.error.error.type, "not_found_error");
    assert.ok(error.requestID);
    return true;
  });
  await assert.rejects(client.messages.create({ ...hello, max_tokens: -1 }), Anthropic.BadRequestError);
});
