// ElectroDB on a table that Weir's tests have, see serve.mjs: `node electrodb.mjs ENDPOINT TABLE`.
//
//   {"do": "put" | "create" | "upsert", "entity", "item"}
//   {"do": "patch" | "update", "entity", "key", "set", "add", "subtract", "append", "delete": {…}, "remove": […]}
//   {"do": "remove" | "delete", "entity", "key"}
//   {"do": "get", "entity", "key"}   {"do": "batchGet", "entity", "keys"}   {"do": "batchPut", "entity", "items"}
//   {"do": "query", "entity", "index", "key", "begins"}   {"do": "collection", "name", "key"}
//   {"do": "transact", "actions": [a put, create, patch or remove, …]}
//   {"do": "cases"}   {"do": "cased", "texts"}
//
// Reads follow their pages to the end.

import { board } from "./models/electrodb.mjs";
import { client, javascript, serve, table } from "./serve.mjs";

const service = board({ client, table });
const ALL = { pages: "all" };
const UPDATES = ["set", "add", "subtract", "append", "delete", "remove"];

const entity = ({ entity: name }) => service.entities[name];

/** An update with the verbs that a command has. */
function updated(update, command) {
  const given = UPDATES.filter((verb) => command[verb] !== undefined);
  return given.reduce((chain, verb) => chain[verb](command[verb]), update);
}

/** What a command writes, before it is sent. */
const writes = {
  put: (entity, { item }) => entity.put(item),
  create: (entity, { item }) => entity.create(item),
  upsert: (entity, { item }) => entity.upsert(item),
  patch: (entity, command) => updated(entity.patch(command.key), command),
  update: (entity, command) => updated(entity.update(command.key), command),
  remove: (entity, { key }) => entity.remove(key),
  delete: (entity, { key }) => entity.delete(key),
};

const write = (name) => async (command) => (await writes[name](entity(command), command).go()).data;

async function transact({ actions }) {
  const transaction = service.transaction.write((entities) =>
    actions.map((action) => writes[action.do](entities[action.entity], action).commit()),
  );
  const { canceled, data } = await transaction.go();
  return { canceled, data };
}

async function query(command) {
  const found = entity(command).query[command.index](command.key);
  return (await (command.begins ? found.begins(command.begins) : found).go(ALL)).data;
}

await serve({
  ...Object.fromEntries(Object.keys(writes).map((name) => [name, write(name)])),
  get: async (command) => (await entity(command).get(command.key).go()).data,
  batchGet: async (command) =>
    (await entity(command).get(command.keys).go({ preserveBatchOrder: true })).data,
  batchPut: async (command) => (await entity(command).put(command.items).go()).unprocessed,
  query,
  collection: async ({ name, key }) => (await service.collections[name](key).go(ALL)).data,
  transact,
  ...javascript,
});
