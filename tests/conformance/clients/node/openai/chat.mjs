// The `openai` npm package against a live server and a real model: chat completions, whole, streamed and with helpers.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = process.env.POWER_MODEL;
const client = new OpenAI({ baseURL: `${process.env.POWER_URL}/v1`, apiKey: "any key will do", maxRetries: 0 });
const hello = { model, messages: [{ role: "user", content: "Say hello." }], max_completion_tokens: 12, temperature: 0 };
// Bounded, so that a model of 135M parameters comes to the end of it.
const Person = z.object({ name: z.string().max(12), age: z.number().int().min(0).max(150), pets: z.array(z.enum(["cat", "dog"])).max(2) });
const person = { ...hello, messages: [{ role: "user", content: "Ann is 41 and has a cat." }], max_completion_tokens: 96 };

test("a chat has a message, a reason and its usage", async () => {
  const { data, response, request_id } = await client.chat.completions.create(hello).withResponse();
  assert.equal(response.status, 200);
  assert.ok(request_id);
  assert.equal(data.object, "chat.completion");
  assert.ok(data.choices[0].message.content);
  assert.ok(["stop", "length"].includes(data.choices[0].finish_reason));
  assert.equal(data.usage.prompt_tokens + data.usage.completion_tokens, data.usage.total_tokens);
});

test("the .stream() helper tells of the text and puts the completion together", async () => {
  const seen = [];
  const stream = client.chat.completions.stream({ ...hello, stream_options: { include_usage: true } });
  stream.on("content", (delta) => seen.push(delta));
  const completion = await stream.finalChatCompletion();
  assert.ok(seen.length > 1);
  assert.equal(seen.join(""), await stream.finalContent());
  assert.equal(completion.choices[0].message.content, seen.join(""));
  assert.ok((await stream.totalUsage()).completion_tokens > 0);
});

test("n choices come apart, with log probabilities", async () => {
  const answer = await client.chat.completions.create({ ...hello, n: 2, temperature: 1.2, seed: 3, logprobs: true, top_logprobs: 2 });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
  for (const choice of answer.choices) {
    assert.ok(choice.logprobs.content.every((token) => token.logprob <= 0 && token.top_logprobs.length === 2));
  }
});

test(".parse() gives what zod describes", async () => {
  const answer = await client.chat.completions.parse({ ...person, response_format: zodResponseFormat(Person, "person") });
  assert.equal(answer.choices[0].finish_reason, "stop");
  Person.parse(answer.choices[0].message.parsed);
});

test(".stream() parses as .parse() does", async () => {
  const stream = client.chat.completions.stream({ ...person, response_format: zodResponseFormat(Person, "person") });
  const answer = await stream.finalChatCompletion();
  Person.parse(answer.choices[0].message.parsed);
});

test("an answer cut short is no parsed answer, and the helper says so", async () => {
  const cut = client.chat.completions.parse({ ...person, max_completion_tokens: 3, response_format: zodResponseFormat(Person, "person") });
  await assert.rejects(cut, OpenAI.LengthFinishReasonError ?? /length/);
});

const Weather = z.object({ city: z.enum(["Paris", "Rome"]) });
const getWeather = zodFunction({ name: "get_weather", parameters: Weather, description: "The weather of a city", function: ({ city }) => `${city}: sun` });

test("runTools() calls the function and sends its answer back", async () => {
  const question = { ...hello, messages: [{ role: "user", content: "The weather in Paris?" }], max_completion_tokens: 64 };
  // A named choice ends the runner after the call; the model itself need not decide anything.
  const runner = client.chat.completions.runTools({ ...question, tools: [getWeather], tool_choice: { type: "function", function: { name: "get_weather" } } });
  const results = [];
  runner.on("functionToolCallResult", (text) => results.push(text));
  await runner.done();
  assert.equal(results.length, 1);
  assert.match(results[0], /^(Paris|Rome): sun$/);
  const answer = await client.chat.completions.create({ ...question, messages: runner.messages, tools: [getWeather], tool_choice: "none" });
  assert.ok(answer.choices[0].message.content);
});

test("a streamed call is put together and parsed", async () => {
  const stream = client.chat.completions.stream({
    ...hello,
    messages: [{ role: "user", content: "The weather in Rome?" }],
    max_completion_tokens: 64,
    tools: [getWeather],
    tool_choice: "required",
    parallel_tool_calls: false,
  });
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
  const [call] = answer.choices[0].message.tool_calls;
  assert.ok(call.id);
  assert.equal(call.function.name, "get_weather");
  Weather.parse(call.function.parsed_arguments);
});

test("errors have OpenAI's classes, codes and parameters", async () => {
  await assert.rejects(client.chat.completions.create({ ...hello, model: "nope" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    assert.ok(error.requestID);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ ...hello, n: 0 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "n");
    return true;
  });
});
