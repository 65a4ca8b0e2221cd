import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";

// Tests that etcdctl works with all forms of endpoints. Some of its calls send the endpoint as the HTTP/2 authority.

const ready = haveReference(["etcdctl", "3.4"], ["etcdctl", "3.5"]);
let server: ServerProcess;

beforeAll(async () => {
  if (ready) server = await ServerProcess.start({ kind: "ours" });
});

afterAll(() => server?.stop());

const all = (endpoints: string): number => endpoints.split(",").length;

for (const release of ["3.4", "3.5"] as const) {
  for (const { name, endpointsOf } of [
    { name: "a URL", endpointsOf: (endpoint: string) => `http://${endpoint}` },
    { name: "an address", endpointsOf: (endpoint: string) => endpoint },
    {
      name: "several of both kinds",
      endpointsOf: (endpoint: string) =>
        `http://${endpoint},${endpoint},http://${endpoint.replace("127.0.0.1", "localhost")}`,
    },
  ]) {
    describe.skipIf(!ready)(`etcdctl ${release}, given ${name}`, () => {
      const run = async (...args: readonly string[]) => {
        const { code, stdout, stderr } = await etcdctl(release, endpointsOf(server.endpoint), args);
        expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.not.stringContaining("rror") });
        return stdout;
      };
      const lines = (text: string): number => text.trim().split("\n").length;

      test("puts and gets", async () => {
        expect(await run("put", "k", "v")).toBe("OK\n");
        expect(await run("get", "k")).toBe("k\nv\n");
        expect(await run("del", "k")).toBe("1\n");
      });

      test("runs a transaction", async () => {
        const input = 'ver("none") = "0"\n\nput t 1\nget t\n\n\n';
        const endpoints = endpointsOf(server.endpoint);
        const { code, stdout } = await etcdctl(release, endpoints, ["txn"], { stdin: input });
        expect({ code, stdout }).toEqual({ code: 0, stdout: "SUCCESS\n\nOK\n\nt\n1\n" });
      });

      test("watches", async () => {
        await run("put", "w", "1");
        const until = (stdout: string): boolean => stdout.includes("PUT\nw\n1\n");
        const { stdout } = await etcdctl(release, endpointsOf(server.endpoint), ["watch", "--rev", "1", "w"], {
          until,
        });
        expect(stdout).toContain("PUT\nw\n1\n");
      });

      test("grants a lease, keeps it alive and revokes it", async () => {
        const id = /lease (\w+) granted/.exec(await run("lease", "grant", "60"))?.[1] ?? "";
        expect(await run("lease", "keep-alive", "--once", id)).toContain("keepalived with TTL(60)");
        expect(await run("lease", "timetolive", id)).toContain("granted with TTL(60s)");
        expect(await run("lease", "revoke", id)).toBe(`lease ${id} revoked\n`);
      });

      test("prints the status of the members", async () => {
        const count = all(endpointsOf(server.endpoint));
        expect(lines(await run("endpoint", "status"))).toBe(count);
        expect(lines(await run("endpoint", "hashkv"))).toBe(count);
        expect(await run("endpoint", "status", "-w", "json")).toContain('"dbSize"');
        await run("endpoint", "health");
        expect(lines(await run("member", "list"))).toBe(1);
        expect(lines(await run("defrag"))).toBe(count);
        await run("alarm", "list");
      });

      test("saves a snapshot of one endpoint", async () => {
        if (all(endpointsOf(server.endpoint)) > 1) return;
        const file = join(server.dataDir, "snapshot.db");
        expect(await run("snapshot", "save", file)).toContain("Snapshot saved at");
        await rm(file);
      });
    });
  }
}
