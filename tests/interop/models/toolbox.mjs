// The entities that examples/toolbox/weir.toml describes, as dynamodb-toolbox has them: customers with their orders, the
// lines of an order under its own key, and devices, whose key is two of their attributes and nothing else.

import { any, boolean, Entity, item, list, map, number, set, string, Table } from "dynamodb-toolbox";

const padded = (line) => String(line).padStart(4, "0");
const ofStatus = ({ status }) => (typeof status === "string" ? `STATUS#${status}` : undefined);
const atPlaced = ({ placed }) => (typeof placed === "string" ? placed : undefined);

/** The entities over a table. */
export function shop({ table: name, client }) {
  const table = new Table({
    name,
    documentClient: client,
    partitionKey: { name: "PK", type: "string" },
    sortKey: { name: "SK", type: "string" },
    indexes: {
      GSI1: {
        type: "global",
        partitionKey: { name: "GSI1PK", type: "string" },
        sortKey: { name: "GSI1SK", type: "string" },
      },
    },
  });

  const customer = new Entity({
    name: "customer",
    table,
    schema: item({
      customer: string().key(),
      name: string().optional(),
      visits: number().optional(),
      tags: set(string()).optional(),
      settings: map({ color: string().optional(), weight: number().optional() }).optional(),
    }),
    computeKey: ({ customer }) => ({ PK: `CUSTOMER#${customer}`, SK: "PROFILE" }),
  });

  const order = new Entity({
    name: "order",
    table,
    schema: item({
      customer: string().key(),
      order: string().key(),
      status: string().enum("placed", "paid").default("placed"),
      placed: string().optional(),
      total: number(),
      serial: number().big().optional(),
      gift: boolean().optional(),
      note: string().savedAs("n").optional(),
      labels: set(string()).optional(),
      scores: set(number()).optional(),
      steps: list(map({ at: string(), by: string().optional() })).optional(),
      extra: any().optional(),
      secret: string().hidden().optional(),
    }).and(() => ({
      GSI1PK: string().hidden().optional().link(ofStatus).updateLink(ofStatus),
      GSI1SK: string().hidden().optional().link(atPlaced).updateLink(atPlaced),
    })),
    computeKey: ({ customer, order }) => ({ PK: `CUSTOMER#${customer}`, SK: `ORDER#${order}` }),
  });

  const line = new Entity({
    name: "line",
    table,
    schema: item({
      customer: string().key(),
      order: string().key(),
      line: number().key(),
      product: string(),
      quantity: number().default(1),
    }),
    computeKey: ({ customer, order, line }) => ({
      PK: `CUSTOMER#${customer}`,
      SK: `ORDER#${order}#LINE#${padded(line)}`,
    }),
  });

  const device = new Entity({
    name: "device",
    table,
    schema: item({
      device: string().key().savedAs("PK"),
      slot: string().key().savedAs("SK"),
      label: string().optional(),
    }),
  });

  return { table, entities: { customer, order, line, device } };
}
