// Runs a package for a test that drives it: commands come in on lines of standard input, answers go out on lines of standard
// output, one for each, in order. The program ends with its input.
//
//   {"do": "get", "entity": "task", "key": {…}}    ─►    {"ok": {…}}
//                                                        {"error": {"name": "ElectroError", "message": "…"}}
//
// JSON has no words for some values that items have. They are tagged, both ways:
//
//   {"$set": ["a", "b"]}   {"$number": "123456789012345678901234567890"}, a BigInt   {"$bytes": "AAEC"}, in base64

import { createInterface } from "node:readline";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/** The address and the table that the program was started with. */
export const [endpoint, table] = process.argv.slice(2);

/** The SDK as a service would have it, but for what is absent: both packages pass `undefined` on. */
export const client = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "weir", secretAccessKey: "weir" },
    maxAttempts: 1,
  }),
  { marshallOptions: { removeUndefinedValues: true } },
);

/** Answers commands, each with what the function of its name says. */
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line, untagged);
    const answer = await answered(commands, command);
    process.stdout.write(`${JSON.stringify(answer, tagged)}\n`);
  }
}

async function answered(commands, command) {
  try {
    const run = commands[command.do];
    if (run === undefined) throw new Error(`no such command: ${command.do}`);
    return { ok: (await run(command)) ?? null };
  } catch (error) {
    return { error: { name: error.name, message: error.message } };
  }
}

function untagged(_, value) {
  if (value?.$set) return new Set(value.$set);
  if (value?.$number) return BigInt(value.$number);
  if (value?.$bytes) return new Uint8Array(Buffer.from(value.$bytes, "base64"));
  return value;
}

// Not an arrow function: `this[name]` is the value before its own toJSON.
function tagged(name, json) {
  const value = this[name];
  if (value instanceof Set) return { $set: [...value] };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (typeof value === "bigint") return { $number: String(value) };
  return json;
}

/** What JavaScript makes of each character that has another case: [in lower case, in upper case]. */
function cases() {
  const changed = {};
  for (let code = 0; code <= 0x10ffff; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const text = String.fromCodePoint(code);
    const cased = [text.toLowerCase(), text.toUpperCase()];
    if (cased.some((other) => other !== text)) changed[text] = cased;
  }
  return { unicode: process.versions.unicode, changed };
}

/** Commands that have nothing to do with a package: how JavaScript writes what ends up in keys. */
export const javascript = {
  cases,
  cased: ({ texts }) => texts.map((text) => [text.toLowerCase(), text.toUpperCase()]),
};
