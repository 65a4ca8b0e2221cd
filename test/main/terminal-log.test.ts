import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { freePort } from "../support/server-process.js";
import { haveTmux, Terminal, useTerminals } from "../support/terminal.js";

// Tests the log of a member on a terminal, also when the terminal is stopped.

const command = fileURLToPath(new URL("../../bin/etcd", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "etcd-terminal-"));
useTerminals();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(name: string, ...flags: readonly string[]): Promise<{ terminal: Terminal; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const urls = `--listen-client-urls=${url} --advertise-client-urls=${url} --listen-peer-urls=http://127.0.0.1:0`;
  const words = `${command} --data-dir=${join(folder, name)} ${urls} ${flags.join(" ")}`;
  return { terminal: new Terminal(name, url, `${process.execPath} ${words}`), url };
}

describe.skipIf(!haveTmux)("a member on a terminal", () => {
  test("logs the messages that scripts wait for, in the console format", async () => {
    const { terminal, url } = await start("people");
    const screen = await terminal.shows(/try +etcdctl/);
    expect(screen).toMatch(/^\d\d:\d\d:\d\d INFO +ready to serve client requests$/m);
    expect(screen).toContain(`  console  ${url}/console/`);
  });

  test("writes JSON if the flag says so", async () => {
    const { terminal } = await start("json", "--log-format=json");
    expect(await terminal.shows(/"msg":"ready to serve client requests"/)).not.toMatch(/ INFO /);
  });

  test("goes on while the terminal is stopped", async () => {
    const slow = "--experimental-warning-unary-request-duration=1ns";
    const { terminal, url } = await start("stopped", slow, "--log-level=debug");
    await terminal.shows(/try +etcdctl/);
    terminal.type("C-s");
    const put = { method: "POST", body: JSON.stringify({ key: "YQ==", value: "YQ==" }) };
    // A stopped terminal accepts a few KiB, and each put makes a line of some hundred bytes.
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/v3/kv/put`, put)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    terminal.type("C-q");
    await terminal.shows(/INFO|DEBUG|WARN/);
  });
});
