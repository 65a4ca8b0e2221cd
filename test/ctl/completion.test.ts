import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { haveTmux, Terminal, useTerminals } from "../support/terminal.js";

// Tests completion in the shells that are installed.

useTerminals();

describe("completion", () => {
  test.each(["bash", "zsh"])("for %s is a script that bash can parse", async (shell) => {
    const { stdout } = await etcdctlHere("", ["completion", shell]);
    expect(execFileSync("bash", ["-n"], { input: stdout, encoding: "utf8" })).toBe("");
  });

  test("offers commands, flags and values", async () => {
    const { stdout } = await etcdctlHere("", ["completion", "bash"]);
    const offered = (typed: string): string =>
      execFileSync(
        "bash",
        [
          "-c",
          `${stdout}\nCOMP_WORDS=(${typed}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _etcdctl; echo "\${COMPREPLY[*]}"`,
        ],
        { encoding: "utf8" },
      ).trim();
    expect(offered("etcdctl endpoint st")).toBe("status");
    expect(offered("etcdctl get key --sort")).toBe("--sort-by");
    expect(offered("etcdctl get key -w js")).toBe("json");
    expect(offered("etcdctl lease k")).toBe("keep-alive");
  });

  test("for powershell offers the same", async () => {
    const { stdout } = await etcdctlHere("", ["completion", "powershell"]);
    const row = (place: string): string =>
      stdout.split("\n").find((line) => line.startsWith(`    '${place}' = `)) ?? "";
    const texts = (line: string): string[] => [...line.matchAll(/text = '([^']*)'/g)].map(([, text = ""]) => text);
    expect(texts(row("lease"))).toEqual(expect.arrayContaining(["grant", "keep-alive", "--endpoints"]));
    expect(texts(row("get"))).toContain("--sort-by");
    for (const flag of ["--write-out", "-w"]) expect(texts(row(flag))).toContain("json");
    // Without descriptions, each text is its own purpose.
    const short = (await etcdctlHere("", ["completion", "powershell", "--no-descriptions"])).stdout;
    for (const [, text, purpose] of short.matchAll(/text = '(.*?)'; purpose = '(.*?)' }/g)) expect(purpose).toBe(text);
  });

  const powershell = spawnSync("pwsh", ["-NoProfile", "-Command", "1"]).status === 0;
  if (!powershell) console.warn("skipped: no completion in powershell, which is not here");
  test.skipIf(!powershell)("completes commands, flags and values in powershell", async () => {
    const { stdout } = await etcdctlHere("", ["completion", "powershell"]);
    const typed = ["etcdctl endpoint st", "etcdctl get key --sort", "etcdctl get key -w js", "etcdctl snapshot rest"];
    const asked = typed.map(
      (line) => `(TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText -join ' '`,
    );
    const command = `${stdout}\n${asked.join("\n")}`;
    const answers = execFileSync("pwsh", ["-NoProfile", "-Command", command], { encoding: "utf8" });
    expect(answers.trim().split("\n")).toEqual(["status", "--sort-by", "json", "restore"]);
  });

  const shells = [
    { shell: "bash", start: "bash --norc --noprofile", load: "source <(etcdctl completion bash)" },
    { shell: "zsh", start: "zsh -f", load: "source <(etcdctl completion zsh)" },
    { shell: "fish", start: "env HOME=/nonexistent fish --no-config", load: "etcdctl completion fish | source" },
  ];

  for (const { shell, start, load } of shells) {
    const ready = haveTmux && spawnSync(shell, ["-c", "true"]).status === 0;
    if (!ready) console.warn(`skipped: no completion in ${shell}, which is not here`);
    test.skipIf(!ready)(`completes commands, flags and values in ${shell}`, async () => {
      const terminal = new Terminal(shell, "127.0.0.1:1", start);
      terminal.type(`${load} && clear && echo loa''ded`, "Enter");
      await terminal.shows(/^loaded/m);
      terminal.type("etcdctl endpoint st", "Tab");
      await terminal.shows(/etcdctl endpoint status/);
      terminal.type("C-u", "etcdctl snapshot rest", "Tab");
      await terminal.shows(/etcdctl snapshot restore/);
      terminal.type("C-u", "etcdctl get key --sort", "Tab");
      await terminal.shows(/etcdctl get key --sort-by/);
      terminal.type("C-u", "etcdctl get key -w js", "Tab");
      await terminal.shows(/etcdctl get key -w json/);
    });
  }
});
