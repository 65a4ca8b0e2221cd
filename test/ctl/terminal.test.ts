import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { haveReference } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";
import { haveTmux, Terminal, useTerminals } from "../support/terminal.js";

// Tests the features on a terminal: prompts, hidden passwords, colours, hints, and the view of `top`.

useTerminals();

describe.skipIf(!haveTmux)("on a terminal", () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.start({ kind: "ours" });
  });

  afterAll(async () => {
    await server.stop();
  });

  test("txn -i asks for its parts", async () => {
    const terminal = new Terminal("txn", server.endpoint);
    terminal.type("etcdctl txn -i", "Enter");
    await terminal.shows(/compares:/);
    terminal.type('ver("fresh") = "0"', "Enter", "Enter");
    await terminal.shows(/success requests \(get, put, del\):/);
    terminal.type("put fresh yes", "Enter", "get fresh", "Enter", "Enter");
    await terminal.shows(/failure requests \(get, put, del\):/);
    terminal.type("Enter");
    const screen = await terminal.shows(/SUCCESS[\s\S]*^\$$/m);
    expect(screen).toMatch(/SUCCESS\n\nOK\n\nfresh\nyes\n/);
  });

  test("watch -i accepts several watches", async () => {
    const terminal = new Terminal("watch", server.endpoint);
    terminal.type("etcdctl put one 1; etcdctl put two 2; etcdctl watch -i", "Enter");
    await terminal.shows(/OK\s+OK/);
    terminal.type("watch one --rev 1", "Enter");
    await terminal.shows(/PUT\none\n1/);
    terminal.type("watch two --rev 1", "Enter");
    await terminal.shows(/PUT\ntwo\n2/);
    terminal.type("nonsense", "Enter");
    await terminal.shows(/Invalid command nonsense \(only support watch\)/);
    terminal.type("C-c");
    await terminal.shows(/^\$$/m);
  });

  test("top shows the members, and q quits", async () => {
    const terminal = new Terminal("top", server.endpoint);
    terminal.type("etcdctl top --interval 200ms", "Enter");
    const screen = await terminal.shows(/1 of 1 members/);
    expect(screen).toMatch(/ENDPOINT +MEMBER +ROLE/);
    await terminal.shows(/leader +\d+ +\d+/);
    terminal.type("q");
    await terminal.shows(/\$ etcdctl top --interval 200ms\n\$$/m);
  });

  test("keys are printed in a table, with unprintable values quoted and long ones cut", async () => {
    await etcdctlHere(server.endpoint, ["put", "table/a", "plain"]);
    await etcdctlHere(server.endpoint, ["put", "table/b"], { stdin: "two\nlines" });
    await etcdctlHere(server.endpoint, ["put", "table/c"], { stdin: "x".repeat(500) });
    const terminal = new Terminal("keys", server.endpoint);
    terminal.type("etcdctl get table/ --prefix -w table", "Enter");
    const screen = await terminal.shows(/└/);
    expect(screen).toMatch(/│ +KEY +│ +VALUE +│ CREATED AT │ MODIFIED AT │ VERSION │ LEASE │/);
    expect(screen).toMatch(/│ table\/a │ plain +│ \d+ +│ \d+ +│ 1 +│ +│/);
    expect(screen).toMatch(/│ table\/b │ "two\\nlines" +│/);
    expect(screen).toMatch(/│ table\/c │ x{59}… │/);
    terminal.type("clear; etcdctl get table/a -w table | cat", "Enter");
    await terminal.shows(/Error: table not supported as output format/);
  });

  test("tables are coloured, unless NO_COLOR is set", async () => {
    const terminal = new Terminal("paint", server.endpoint);
    terminal.type("etcdctl endpoint status -w table", "Enter");
    await terminal.shows(/└/);
    expect(terminal.painted()).toContain("\u001b[1m");
    terminal.type("clear; NO_COLOR=1 etcdctl endpoint status -w table; echo plain", "Enter");
    await terminal.shows(/└[\s\S]*^plain$/m);
    expect(terminal.painted()).not.toContain("\u001b[1m");
  });

  test("a bar shows the progress of long work, and disappears at its end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "etcdctl-progress-"));
    const other = await ServerProcess.start({ kind: "ours" });
    try {
      for (let at = 0; at < 30; at++)
        await etcdctlHere(server.endpoint, ["put", `bar${at}`], { stdin: "x".repeat(90_000) });
      const [file, record] = [join(folder, "copy.db"), join(folder, "record")];
      const terminal = new Terminal("progress", server.endpoint);
      terminal.recordTo(record);
      const lines = [
        ["saving", `etcdctl snapshot save ${file}`],
        ["defragmenting", "etcdctl defrag"],
        ["mirroring", `etcdctl make-mirror --prefix bar ${other.endpoint}`],
      ] as const;
      for (const [what, line] of lines) {
        terminal.type("clear", "Enter");
        terminal.type(`${line}; echo o''ver`, "Enter");
        if (what === "mirroring") {
          // The command runs until it is interrupted.
          const copied = async () => (await etcdctlHere(other.endpoint, ["get", "bar9"])).stdout !== "";
          while (!(await copied())) await etcdctlHere(server.endpoint, ["get", "a"]);
          terminal.type("C-c");
        } else expect(await terminal.shows(/^over/m)).not.toContain("░");
        expect(readFileSync(record, "utf8")).toMatch(new RegExp(`\\r\u001b\\[K${what} .*[█░]`));
      }
      terminal.type("clear", "Enter");
      terminal.type(`etcdctl snapshot restore ${file} --data-dir ${folder}/restored; echo o''ver`, "Enter");
      const screen = await terminal.shows(/^over/m);
      expect(screen).toMatch(/^\d{4}-\S+\s+info\s+added member/m);
      expect(screen).not.toMatch(/[█░]/);
    } finally {
      await other.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("errors are followed by advice", async () => {
    const terminal = new Terminal("hint", server.endpoint);
    terminal.type("etcdctl get a --prefx", "Enter");
    await terminal.shows(/hint: did you mean --prefix\?/);
    terminal.type("clear; ETCDCTL_ENDPOINTS=127.0.0.1:1 etcdctl --command-timeout 1s get a", "Enter");
    await terminal.shows(/hint: tried 127\.0\.0\.1:1: nobody listens there/);
    terminal.type("clear; etcdctl get a --prefx 2>&1 >/dev/null | cat; echo over", "Enter");
    expect(await terminal.shows(/^over$/m)).not.toContain("hint:");
  });
});

describe.skipIf(!haveTmux)("hints", () => {
  test("name the three commands that make a full member accept writes again", async () => {
    const server = await ServerProcess.start({ kind: "ours", flags: ["--quota-backend-bytes", "100000"] });
    try {
      await etcdctlHere(server.endpoint, ["put", "big"], { stdin: "x".repeat(200_000) });
      const terminal = new Terminal("full", server.endpoint);
      terminal.type("etcdctl put a 1", "Enter");
      const screen = await terminal.shows(/alarm disarm/);
      expect(screen).toMatch(/Error: etcdserver: mvcc: database space exceeded\nhint: the member's quota is used up/);
      expect(screen).toMatch(/ etcdctl compaction [\s\S]* etcdctl defrag\n[\s\S]* etcdctl alarm disarm\n/);
    } finally {
      await server.stop();
    }
  });

  test("name the user and the keys without rights", async () => {
    const server = await ServerProcess.start({ kind: "ours" });
    try {
      for (const line of [
        "user add root:r",
        "role add root",
        "user grant-role root root",
        "user add al:a",
        "auth enable",
      ]) {
        expect(await etcdctlHere(server.endpoint, line.split(" "))).toMatchObject({ code: 0 });
      }
      const terminal = new Terminal("denied", server.endpoint);
      for (const [line, keys] of [
        ["get p/ --prefix", 'the keys from "p/" to "p0"'],
        ["get a c", 'the keys from "a" to "c"'],
        ["put a 1", 'the key "a"'],
        ["del a --from-key", 'the keys from "a" on'],
      ]) {
        terminal.type(`clear; etcdctl --user al:a ${line}`, "Enter");
        await terminal.shows(
          new RegExp(`hint: user al may not do this to ${keys}; see 'etcdctl user get al --detail'`),
        );
      }
      terminal.type("clear; etcdctl get a", "Enter");
      await terminal.shows(/hint: authentication is on: say who you are with --user/);
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(!haveTmux || !haveReference(["etcd", "3.5"]))("passwords", () => {
  test("are asked for twice and not shown", async () => {
    const server = await ServerProcess.start({ kind: "etcd 3.5" });
    try {
      const terminal = new Terminal("password", server.endpoint);
      terminal.type("etcdctl user add alice", "Enter");
      await terminal.shows(/Password of alice:/);
      terminal.type("secret", "Enter");
      await terminal.shows(/Type password of alice again for confirmation:/);
      terminal.type("secret", "Enter");
      const screen = await terminal.shows(/User alice created/);
      expect(screen).not.toContain("secret");
      terminal.type("clear; etcdctl user passwd alice", "Enter");
      await terminal.shows(/Password of alice:/);
      terminal.type("one", "Enter");
      await terminal.shows(/again for confirmation/);
      terminal.type("two", "Enter");
      await terminal.shows(/Error: given passwords are different/);
      // A script writes one line of input and waits.
      for (const [line, says] of [
        ["user add bob --interactive=false", /User bob created/],
        ["user passwd bob --interactive=false", /Password updated/],
      ] as const) {
        terminal.type(`clear; etcdctl ${line}`, "Enter");
        terminal.type("a-password", "Enter");
        await terminal.shows(says);
      }
    } finally {
      await server.stop();
    }
  });
});
