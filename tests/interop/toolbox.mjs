// dynamodb-toolbox on a table that Weir's tests have, see serve.mjs: `node toolbox.mjs ENDPOINT TABLE`.
//
//   {"do": "put" | "create", "entity", "item"}   {"do": "delete", "entity", "key"}
//   {"do": "update" | "patch", "entity", "key", "set", "add", "subtract", "append", "delete": {…}, "remove": […]}
//   {"do": "get", "entity", "key"}   {"do": "batchGet", "entity", "keys"}   {"do": "batchPut", "entity", "items"}
//   {"do": "query", "entities", "partition", "index", "range"}
//   {"do": "transact", "actions": [a put, create, update, patch or delete, …]}
//   {"do": "cases"}   {"do": "cased", "texts"}
//
// An update of dynamodb-toolbox makes the item that it does not find; a patch is one on the condition that there is one, a
// create a put on the condition that there is none. Reads follow their pages to the end.

import {
  $add,
  $append,
  $delete,
  $remove,
  $subtract,
  BatchGetRequest,
  BatchPutRequest,
  BatchGetCommand,
  BatchWriteCommand,
  DeleteItemCommand,
  DeleteTransaction,
  executeBatchGet,
  executeBatchWrite,
  executeTransactWrite,
  GetItemCommand,
  PutItemCommand,
  PutTransaction,
  QueryCommand,
  UpdateItemCommand,
  UpdateTransaction,
} from "dynamodb-toolbox";

import { shop } from "./models/toolbox.mjs";
import { client, javascript, serve, table as name } from "./serve.mjs";

const { table, entities } = shop({ client, table: name });
const VERBS = { add: $add, subtract: $subtract, append: $append, delete: $delete };

const entity = ({ entity: name }) => entities[name];
/** Whether there is an item: of its own attributes, the entity has its name in each. */
const exists = (exists) => ({ condition: { attr: "entity", exists } });

/** What an update takes for its item: the key, and what becomes of each attribute. */
function changes(command) {
  const verbs = Object.entries(VERBS).flatMap(([verb, of]) =>
    Object.entries(command[verb] ?? {}).map(([name, value]) => [name, of(value)]),
  );
  const removed = (command.remove ?? []).map((name) => [name, $remove()]);
  return { ...command.key, ...command.set, ...Object.fromEntries([...verbs, ...removed]) };
}

/** What a command writes, as an action of that class: of one request, or of a transaction. */
const writes = {
  put: (command, { Put }) => entity(command).build(Put).item(command.item),
  create: (command, { Put }) => entity(command).build(Put).item(command.item).options(exists(false)),
  update: (command, { Update }) => entity(command).build(Update).item(changes(command)),
  patch: (command, { Update }) =>
    entity(command).build(Update).item(changes(command)).options(exists(true)),
  delete: (command, { Delete }) => entity(command).build(Delete).key(command.key),
};
const ONE = { Put: PutItemCommand, Update: UpdateItemCommand, Delete: DeleteItemCommand };
const MANY = { Put: PutTransaction, Update: UpdateTransaction, Delete: DeleteTransaction };

const write = (name) => async (command) => {
  await writes[name](command, ONE).send();
};

async function batchGet(command) {
  const requests = command.keys.map((key) => entity(command).build(BatchGetRequest).key(key));
  const { Responses } = await executeBatchGet(table.build(BatchGetCommand).requests(...requests));
  return Responses[0];
}

async function batchPut(command) {
  const requests = command.items.map((item) => entity(command).build(BatchPutRequest).item(item));
  await executeBatchWrite(table.build(BatchWriteCommand).requests(...requests));
}

async function query({ entities: names, partition, index, range }) {
  const query = table
    .build(QueryCommand)
    .entities(...names.map((name) => entities[name]))
    .query({ partition, ...(index && { index }), ...(range && { range }) })
    .options({ maxPages: Infinity, showEntityAttr: names.length > 1 });
  return (await query.send()).Items;
}

await serve({
  ...Object.fromEntries(Object.keys(writes).map((name) => [name, write(name)])),
  get: async (command) => (await entity(command).build(GetItemCommand).key(command.key).send()).Item,
  batchGet,
  batchPut,
  query,
  transact: async ({ actions }) => {
    await executeTransactWrite(...actions.map((action) => writes[action.do](action, MANY)));
  },
  ...javascript,
});
