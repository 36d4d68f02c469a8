// The `openai` npm package against a live server and a real model: models, completions, embeddings.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const model = process.env.POWER_MODEL;
const client = new OpenAI({ baseURL: `${process.env.POWER_URL}/v1`, apiKey: "any key will do", maxRetries: 0 });

test("models are listed, and found by a name with a colon", async () => {
  const ids = [];
  for await (const one of client.models.list()) ids.push(one.id);
  assert.ok(ids.includes(model));
  assert.equal((await client.models.retrieve(model)).id, model);
  await assert.rejects(client.models.retrieve("team/nope:v1"), OpenAI.NotFoundError);
});

test("completions come whole, streamed, and several at once", async () => {
  const fields = { model, prompt: "One, two, three,", max_tokens: 8, temperature: 0 };
  const whole = await client.completions.create(fields);
  assert.ok(whole.choices[0].text);
  let text = "";
  for await (const chunk of await client.completions.create({ ...fields, stream: true })) text += chunk.choices[0]?.text ?? "";
  assert.equal(text, whole.choices[0].text);
  const both = await client.completions.create({ ...fields, prompt: ["One, two,", "A, B,"] });
  assert.deepEqual(both.choices.map((choice) => choice.index), [0, 1]);
});

test("embeddings are the same as base64, which the package asks for by itself, and as numbers", async () => {
  const input = ["a cat", "a dog"];
  const unpacked = await client.embeddings.create({ model, input });
  const numbers = await client.embeddings.create({ model, input, encoding_format: "float" });
  assert.deepEqual(unpacked.data.map((one) => one.index), [0, 1]);
  assert.equal(unpacked.data[1].embedding.length, numbers.data[1].embedding.length);
  unpacked.data[1].embedding.forEach((value, i) => assert.ok(Math.abs(value - numbers.data[1].embedding[i]) < 1e-4));
  assert.ok(unpacked.usage.prompt_tokens > 0);
});
