import { execFileSync, spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";

// What only happens on a terminal: prompts, passwords that are not shown, colours, hints, a view that renews itself.

const haveTmux = spawnSync("tmux", ["-V"]).status === 0;
if (!haveTmux && process.env.CI === "true") throw new Error("tmux not found");
if (!haveTmux) console.warn("skipped: tmux not found (Debian: apt-get install tmux)");

const etcdctl = fileURLToPath(new URL("../../bin/etcdctl", import.meta.url));
const socket = `etcdctl-test-${process.pid}`;
const patienceMs = 15_000;

function tmux(...args: string[]): string {
  return execFileSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });
}

/** A shell in a terminal of its own, 120 by 40, with `etcdctl` as a command. */
class Terminal {
  readonly #name: string;

  constructor(name: string, endpoint: string, variables = "") {
    this.#name = name;
    const shell = `env -u NO_COLOR TERM=xterm-256color ${variables} bash --norc --noprofile`;
    tmux("new-session", "-d", "-s", name, "-x", "120", "-y", "40", shell);
    this.type(`PS1='$ '; etcdctl() { ${process.execPath} ${etcdctl} --endpoints ${endpoint} "$@"; }; clear`, "Enter");
  }

  /** Types text and presses keys, as `tmux send-keys` names them. */
  type(...keys: string[]): void {
    tmux("send-keys", "-t", this.#name, ...keys);
  }

  screen(): string {
    return tmux("capture-pane", "-p", "-t", this.#name);
  }

  painted(): string {
    return tmux("capture-pane", "-p", "-e", "-t", this.#name);
  }

  /** The screen, as soon as it shows this. */
  async shows(what: RegExp): Promise<string> {
    for (const startedAt = Date.now(); Date.now() - startedAt < patienceMs; await pause(50)) {
      const screen = this.screen();
      if (what.test(screen)) return screen;
    }
    throw new Error(`${what} never came up:\n${this.screen()}`);
  }
}

// tmux's server ends with its last session, and a session that is begun meanwhile finds it ending: one session stays.
beforeAll(() => {
  if (haveTmux) tmux("new-session", "-d", "-s", "stays", "sleep", "infinity");
});

afterAll(() => {
  if (haveTmux) tmux("kill-server");
});

describe.skipIf(!haveTmux)("on a terminal", { timeout: 60_000 }, () => {
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

  test("watch -i takes one watch after the other", async () => {
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

  test("tables are painted, and not against NO_COLOR", async () => {
    const terminal = new Terminal("paint", server.endpoint);
    terminal.type("etcdctl endpoint status -w table", "Enter");
    await terminal.shows(/└/);
    expect(terminal.painted()).toContain("\u001b[1m");
    terminal.type("clear; NO_COLOR=1 etcdctl endpoint status -w table; echo plain", "Enter");
    await terminal.shows(/└[\s\S]*^plain$/m);
    expect(terminal.painted()).not.toContain("\u001b[1m");
  });

  test("errors are followed by what to do", async () => {
    const terminal = new Terminal("hint", server.endpoint);
    terminal.type("etcdctl get a --prefx", "Enter");
    await terminal.shows(/hint: did you mean --prefix\?/);
    terminal.type(`clear; ${process.execPath} ${etcdctl} --endpoints 127.0.0.1:1 --command-timeout 1s get a`, "Enter");
    await terminal.shows(/hint: tried 127\.0\.0\.1:1: nobody listens there/);
    terminal.type("clear; etcdctl get a --prefx 2>&1 >/dev/null | cat; echo over", "Enter");
    expect(await terminal.shows(/^over$/m)).not.toContain("hint:");
  });
});

describe.skipIf(!haveTmux || !haveReference(["etcd", "3.5"]))("passwords", { timeout: 60_000 }, () => {
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
    } finally {
      await server.stop();
    }
  });
});
