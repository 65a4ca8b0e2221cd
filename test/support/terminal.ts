import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { until } from "./until.js";

/** Whether tests in a terminal can run here. With `CI=true` a missing tmux is an error, which would go unnoticed. */
export const haveTmux = spawnSync("tmux", ["-V"]).status === 0;
if (!haveTmux && process.env.CI === "true") throw new Error("tmux not found");
if (!haveTmux) console.warn("skipped: tmux not found (Debian: apt-get install tmux)");

/** The shell command that starts our etcdctl. */
const command = `${process.execPath} ${fileURLToPath(new URL("../../bin/etcdctl", import.meta.url))}`;
/** The socket of the tmux server that serves the tests of the current file. */
let socket = "";
/** The folder of our `etcdctl`, which is in the PATH of the shells. */
let folder = "";

function tmux(...args: string[]): string {
  return execFileSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });
}

/** A shell in a terminal of 120 by 40, with our `etcdctl`. */
export class Terminal {
  readonly #name: string;

  constructor(name: string, endpoint: string, shell = "bash --norc --noprofile") {
    this.#name = name;
    const variables = `PATH=${folder}:$PATH ETCDCTL_ENDPOINTS=${endpoint} TERM=xterm-256color PS1='$ ' HISTFILE=`;
    tmux("new-session", "-d", "-s", name, "-x", "120", "-y", "40", `env -u NO_COLOR ${variables} ${shell}`);
  }

  /** Types text and presses keys, with the names of `tmux send-keys`. */
  type(...keys: string[]): void {
    tmux("send-keys", "-t", this.#name, ...keys);
  }

  screen(): string {
    return tmux("capture-pane", "-p", "-t", this.#name);
  }

  /** Records all later output to a file, also output that is overwritten on the screen. */
  recordTo(file: string): void {
    tmux("pipe-pane", "-t", this.#name, `cat >> ${file}`);
  }

  painted(): string {
    return tmux("capture-pane", "-p", "-e", "-t", this.#name);
  }

  /** Resolves with the screen when it matches. */
  async shows(what: RegExp): Promise<string> {
    let screen = "";
    const shown = (): boolean => {
      screen = this.screen();
      return what.test(screen);
    };
    await until(shown).catch((error: unknown) => {
      throw new Error(`${what} never came up:\n${screen}`, { cause: error });
    });
    return screen;
  }
}

/**
 * Prepares terminals for the tests of a file. The tmux server ends with its last session, and a session that begins at
 * that moment fails. So one session stays open. `kill-server` returns before the server is gone, and the next file may
 * run in the same process, so each file has a server of its own.
 */
export function useTerminals(): void {
  beforeAll(() => {
    socket = `etcdctl-test-${randomUUID()}`;
    folder = mkdtempSync(join(tmpdir(), "etcdctl-path-"));
    writeFileSync(join(folder, "etcdctl"), `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(join(folder, "etcdctl"), 0o755);
    if (haveTmux) tmux("new-session", "-d", "-s", "stays", "sleep", "infinity");
  });

  afterAll(() => {
    if (haveTmux) tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  });
}
