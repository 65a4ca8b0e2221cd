import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfChangeScript } from "./conf-change-script.js";
import { type Block, runScript, scriptsIn } from "./datadriven.js";
import { Interaction } from "./interaction.js";
import { handleQuorum } from "./quorum-script.js";

type Start = () => (block: Block) => string;

const kinds: Readonly<Record<string, Start>> = {
  interaction: () => {
    const interaction = new Interaction();
    return (block) => interaction.handle(block);
  },
  confchange: () => {
    const script = new ConfChangeScript();
    return (block) => script.handle(block);
  },
  quorum: () => handleQuorum,
};

const repository = resolve(import.meta.dirname, "../..");
const scripts = process.env.RAFT_SCRIPTS ?? join(repository, "../shared/raft-scripts");

if (!existsSync(scripts)) {
  test.skip(`the scripts of etcd-io/raft are not in ${scripts}: set RAFT_SCRIPTS to their folder`, () => {});
}

for (const [kind, start] of Object.entries(kinds)) {
  const folder = join(scripts, kind);
  if (!existsSync(folder)) continue;
  describe(`etcd-io/raft's ${kind} scripts`, () => {
    for (const path of scriptsIn(folder)) test(basename(path), () => expectSame(path, start));
  });
}

describe("scripts of our own", () => {
  for (const path of scriptsIn(join(import.meta.dirname, "testdata"))) {
    test(basename(path), () => expectSame(path, kinds.interaction ?? (() => handleQuorum)));
  }
});

function expectSame(path: string, start: Start): void {
  const mismatch = runScript(path, start());
  if (mismatch !== undefined) expect(mismatch.actual, mismatch.where).toBe(mismatch.expected);
}
