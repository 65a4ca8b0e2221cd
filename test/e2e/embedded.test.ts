import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Etcd3 } from "etcd3";
import { afterAll, describe, expect, test } from "vitest";
import { startEtcd } from "../../src/embed/index.js";
import { haveReference, reference } from "../support/reference.js";

// Tests members inside other programs: what they leave behind in their host, and that every client can use them.

const library = fileURLToPath(new URL("../../dist/package/index.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "etcd-embedded-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program that must end by itself, and returns the last line that it prints, as JSON. */
function run(text: string, flags: readonly string[] = []): unknown {
  const file = join(folder, "program.cjs");
  const head = `const library = ${JSON.stringify(library)};\nconst { startEtcd } = require(library);\n`;
  writeFileSync(file, `${head}void (async () => {${text}})();\n`);
  const cwd = mkdtempSync(join(folder, "cwd-"));
  const options = { cwd, encoding: "utf8", timeout: 110_000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, file], options);
  expect({ status, signal, stderr, files: readdirSync(cwd) }).toEqual({
    status: 0,
    signal: null,
    stderr: "",
    files: [],
  });
  return JSON.parse(stdout.trim());
}

describe("a host", () => {
  test("has no more listeners, globals, resources and files than before, and the same flags of V8", () => {
    const changed = run(`
      let flags = 0;
      require("node:v8").setFlagsFromString = () => { flags++; };
      const prometheus = require("node:module").createRequire(library)("prom-client");
      const get = (url) => new Promise((resolve, reject) => {
        const read = (answer) => answer.resume().once("end", resolve);
        const request = require("node:http").get(url, { agent: false }, read);
        request.once("error", reject);
      });
      await get("http://127.0.0.1:1").catch(() => undefined); // Node's own first request changes its globals.
      const look = () => ({
        listeners: Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)])),
        globals: Object.getOwnPropertyNames(globalThis).sort(),
        resources: process.getActiveResourcesInfo().sort(),
        registry: prometheus.register.getMetricsAsArray().length,
        flags,
      });
      // Handles that are closed disappear in the next turns of the loop.
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      const settle = async () => { for (let at = 0; at < 5; at++) await turn(); };
      await settle();
      const before = JSON.stringify(look());
      const etcd = await startEtcd();
      await etcd.client().text.put("a", "1");
      await get(etcd.endpoints[0] + "/metrics");
      await etcd.metrics();
      await etcd.stop();
      await settle();
      const after = look();
      console.log(JSON.stringify({ before: JSON.parse(before), after }));
    `) as { before: Record<string, unknown>; after: Record<string, unknown> };
    expect(changed.after).toEqual(changed.before);
  });

  test("is told of a failing disk, and goes on", () => {
    const outcome = run(`
      const { mkdtempSync, rmSync, writeFileSync, readdirSync } = require("node:fs");
      const { join } = require("node:path");
      const dataDir = mkdtempSync(join(require("node:os").tmpdir(), "etcd-failing-"));
      const etcd = await startEtcd({ dataDir });
      const client = etcd.client();
      await client.text.put("a", "1");
      // LevelDB cannot create its next log file in a directory that is gone.
      rmSync(dataDir, { recursive: true });
      let failed = false;
      void etcd.failed.then(() => { failed = true; });
      const value = "x".repeat(1_000_000);
      for (let at = 0; at < 60 && !failed; at++) {
        await Promise.race([client.text.put("a", value).catch(() => undefined), etcd.failed]);
      }
      const reason = failed ? (await etcd.failed).message : "it did not fail";
      await etcd.stop();
      rmSync(dataDir, { recursive: true, force: true });
      console.log(JSON.stringify({ failed, named: reason.includes(dataDir) }));
    `);
    expect(outcome).toEqual({ failed: true, named: true });
  });

  test("runs 200 members one after the other without a leak", () => {
    const { grown, resources } = run(
      `
      const round = async () => {
        const etcd = await startEtcd();
        await etcd.client().text.put("a", "1");
        await etcd.stop();
      };
      const heap = () => { global.gc(); global.gc(); return process.memoryUsage().heapUsed; };
      for (let at = 0; at < 20; at++) await round();
      await new Promise((resolve) => setImmediate(resolve));
      const before = { heap: heap(), resources: process.getActiveResourcesInfo().sort() };
      for (let at = 0; at < 200; at++) await round();
      await new Promise((resolve) => setImmediate(resolve));
      const grown = heap() - before.heap;
      const resources = [before.resources, process.getActiveResourcesInfo().sort()];
      console.log(JSON.stringify({ grown, resources }));
    `,
      ["--expose-gc"],
    ) as { grown: number; resources: readonly [readonly string[], readonly string[]] };
    expect(resources[1]).toEqual(resources[0]);
    // A member that is not collected takes more than 100 KiB.
    expect(grown).toBeLessThan(4 * 1024 * 1024);
  });

  test("keeps nothing of 20,000 clients that were closed", () => {
    const grown = run(
      `
      const etcd = await startEtcd({ listen: false });
      const round = async (count) => {
        for (let at = 0; at < count; at++) {
          const client = etcd.client({ callTimeoutMs: 10_000 });
          if (at % 100 === 0) await client.text.put("a", "1");
          client.close();
        }
      };
      const heap = () => { global.gc(); global.gc(); return process.memoryUsage().heapUsed; };
      await round(2_000);
      const before = heap();
      await round(20_000);
      const grown = heap() - before;
      await etcd.stop();
      console.log(grown);
    `,
      ["--expose-gc"],
    );
    // A client that is kept takes more than 1 KiB.
    expect(grown).toBeLessThan(4 * 1024 * 1024);
  });

  test("starts and stops 300 members in groups of ten", () => {
    const values = run(`
      const values = new Set();
      for (let group = 0; group < 30; group++) {
        await Promise.all(Array.from({ length: 10 }, async (_, at) => {
          const etcd = await startEtcd();
          const client = etcd.client();
          await client.text.put("own", group + "/" + at);
          values.add(await client.text.get("own"));
          await etcd.stop();
        }));
      }
      console.log(values.size);
    `);
    expect(values).toBe(300);
  });
});

describe("a member with a port serves", () => {
  test("the package etcd3", async () => {
    await using etcd = await startEtcd();
    const client = new Etcd3({ hosts: [...etcd.endpoints] });
    await client.put("greeting").value("hello");
    expect(await client.get("greeting").string()).toBe("hello");
    client.close();
  });

  test.skipIf(!haveReference(["etcdctl", "3.5"]))("etcd's own etcdctl", async () => {
    await using etcd = await startEtcd();
    const etcdctl = reference("etcdctl", "3.5");
    const call = async (...words: readonly string[]): Promise<string> => {
      const env = { ...process.env, ETCDCTL_API: "3" };
      return (await promisify(execFile)(etcdctl, [`--endpoints=${etcd.endpoints[0]}`, ...words], { env })).stdout;
    };
    expect(await call("put", "greeting", "hello")).toBe("OK\n");
    expect(await call("get", "greeting", "--print-value-only")).toBe("hello\n");
  });
});
