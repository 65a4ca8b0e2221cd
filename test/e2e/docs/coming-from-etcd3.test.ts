import { format } from "node:util";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as client from "../../../src/client/index.js";
import { ServerProcess } from "../../support/server-process.js";
import { blocksOf } from "./page.js";

// Tests that both sides of each pair on the page run, and print what the page says.

const page = "docs/coming-from-etcd3.md";
const blocks = blocksOf(page).filter(({ language }) => language === "js");
const sections = [...new Set(blocks.map(({ section }) => section))];
const names = ["etcd3", "client", "Session", "Mutex", "Election", "keyFromText", "compare", "ops", "console"] as const;

let server: ServerProcess;
let etcd3: Etcd3;
let ours: client.Client;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  etcd3 = new Etcd3({ hosts: `http://${server.endpoint}` });
  ours = new client.Client({ endpoints: [server.endpoint], callTimeoutMs: 60_000 });
});

afterAll(async () => {
  etcd3?.close();
  ours?.close();
  await server?.stop();
});

test("every section has one block for each package", () => {
  expect(sections.length).toBeGreaterThan(12);
  for (const section of sections) {
    const [before, after, ...others] = blocks.filter((block) => block.section === section);
    expect([before?.text.includes("etcd3"), after?.text.includes("client"), others.length]).toEqual([true, true, 0]);
  }
});

describe.each(sections)("%s", (section) => {
  test.each([0, 1])("block %i prints what it says", async (at) => {
    const block = blocks.filter((one) => one.section === section)[at];
    const text = block?.text ?? "";
    await ours.deleteRange({ key: "\0", rangeEnd: "\0" });
    const printed: string[] = [];
    const program = Object.getPrototypeOf(async () => undefined).constructor(...names, text);
    const { Session, Mutex, Election, keyFromText, compare, ops } = client;
    const log = { log: (...values: unknown[]) => printed.push(format(...values)) };
    await program(etcd3, ours, Session, Mutex, Election, keyFromText, compare, ops, log);
    const promised = Array.from(text.matchAll(/console\.log.*; \/\/ (.*)$/gm), ([, line]) => line);
    expect(promised.length).toBeGreaterThan(0);
    expect(printed).toEqual(promised);
  });
});
