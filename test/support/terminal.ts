import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { until } from "./until.js";

/** Whether tests that need a terminal can run here; fails under `CI=true` when not, as nobody would notice. */
export const haveTmux = spawnSync("tmux", ["-V"]).status === 0;
if (!haveTmux && process.env.CI === "true") throw new Error("tmux not found");
if (!haveTmux) console.warn("skipped: tmux not found (Debian: apt-get install tmux)");

/** Our etcdctl, as a shell starts it. */
const command = `${process.execPath} ${fileURLToPath(new URL("../../bin/etcdctl", import.meta.url))}`;
const socket = `etcdctl-test-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), "etcdctl-path-"));

function tmux(...args: string[]): string {
  return execFileSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });
}

/** A shell in a terminal of its own, 120 by 40, with `etcdctl` as a command. */
export class Terminal {
  readonly #name: string;

  constructor(name: string, endpoint: string, shell = "bash --norc --noprofile") {
    this.#name = name;
    const variables = `PATH=${folder}:$PATH ETCDCTL_ENDPOINTS=${endpoint} TERM=xterm-256color PS1='$ ' HISTFILE=`;
    tmux("new-session", "-d", "-s", name, "-x", "120", "-y", "40", `env -u NO_COLOR ${variables} ${shell}`);
  }

  /** Types text and presses keys, as `tmux send-keys` names them. */
  type(...keys: string[]): void {
    tmux("send-keys", "-t", this.#name, ...keys);
  }

  screen(): string {
    return tmux("capture-pane", "-p", "-t", this.#name);
  }

  /** Everything that is written to the terminal from now on, also what is written over, goes to a file. */
  recordTo(file: string): void {
    tmux("pipe-pane", "-t", this.#name, `cat >> ${file}`);
  }

  painted(): string {
    return tmux("capture-pane", "-p", "-e", "-t", this.#name);
  }

  /** The screen, as soon as it shows this. */
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

// tmux's server ends with its last session, and a session that is begun meanwhile finds it ending: one session stays.
beforeAll(() => {
  writeFileSync(join(folder, "etcdctl"), `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(join(folder, "etcdctl"), 0o755);
  if (haveTmux) tmux("new-session", "-d", "-s", "stays", "sleep", "infinity");
});

afterAll(() => {
  if (haveTmux) tmux("kill-server");
  rmSync(folder, { recursive: true, force: true });
});
