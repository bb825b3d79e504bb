// The entities that examples/electrodb/weir.toml describes, as ElectroDB has them: tasks and notes of a team, in one
// collection. Between them they use what makes ElectroDB's items look as they do.

import { Entity, Service } from "electrodb";

const now = () => Date.now();

/** The service, over a table. */
export function board(configuration) {
  const task = new Entity(
    {
      model: { service: "work", entity: "task", version: "1" },
      attributes: {
        team: { type: "string", required: true },
        project: { type: "string", required: true },
        task: { type: "string", required: true },
        status: { type: ["open", "closed"] },
        kind: { type: "string", default: "chore" },
        title: { type: "string", field: "t" },
        owner: { type: "string" },
        due: { type: "string" },
        points: { type: "number", padding: { length: 6, char: "0" } },
        estimate: { type: "number" },
        blocked: { type: "boolean" },
        tags: { type: "set", items: "string" },
        scores: { type: "set", items: "number" },
        checklist: {
          type: "list",
          items: { type: "map", properties: { step: { type: "string" }, done: { type: "boolean" } } },
        },
        settings: { type: "map", properties: { color: { type: "string" }, weight: { type: "number" } } },
        extra: { type: "any" },
        secret: { type: "string", hidden: true },
        created: { type: "number", default: now, readOnly: true },
        updated: { type: "number", watch: "*", set: now, readOnly: true },
      },
      indexes: {
        byTeam: {
          collection: "board",
          pk: { field: "pk", composite: ["team"] },
          sk: { field: "sk", composite: ["project", "task"] },
        },
        byStatus: {
          index: "gsi1",
          pk: { field: "gsi1pk", composite: ["status"] },
          sk: { field: "gsi1sk", composite: ["due", "points"] },
        },
        byOwner: {
          index: "gsi2",
          pk: { field: "gsi2pk", composite: ["owner"], casing: "none" },
          sk: { field: "gsi2sk", composite: ["project", "task"], casing: "none" },
        },
        byKind: {
          index: "gsi3",
          pk: { field: "gsi3pk", composite: ["kind"], casing: "upper" },
          sk: { field: "gsi3sk", composite: [], casing: "upper" },
        },
        byEffort: {
          index: "gsi4",
          type: "clustered",
          collection: "effort",
          pk: { field: "gsi4pk", composite: ["owner"] },
          sk: { field: "gsi4sk", composite: ["points"] },
        },
      },
    },
    configuration,
  );
  const note = new Entity(
    {
      model: { service: "work", entity: "note", version: "2" },
      attributes: {
        team: { type: "string", required: true },
        project: { type: "string", required: true },
        number: { type: "number", required: true, padding: { length: 8, char: "0" } },
        text: { type: "string" },
      },
      indexes: {
        byTeam: {
          collection: "board",
          pk: { field: "pk", composite: ["team"] },
          sk: { field: "sk", composite: ["project", "number"] },
        },
      },
    },
    configuration,
  );
  return new Service({ task, note });
}
