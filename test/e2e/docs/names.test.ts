import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProxyProcess } from "../../support/proxy-process.js";
import { ServerProcess } from "../../support/server-process.js";
import { pages, readPage, root } from "./page.js";

// Tests that flags, metrics and commands that are named in the text of the pages exist.

const text = pages()
  .filter((page) => page !== "docs/log-lines.md")
  .map(readPage)
  .join("\n");
const named = (pattern: RegExp): string[] =>
  [...new Set(Array.from(text.matchAll(pattern), ([, name = ""]) => name))].sort();
const helpOf = (program: string, ...args: string[]): string =>
  execFileSync(process.execPath, [join(root, "bin", program), ...args], { encoding: "utf8" });

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
});

afterAll(async () => {
  await server.stop();
});

test("every named metric exists", async () => {
  const proxy = await ProxyProcess.start("grpc-proxy", ["--endpoints", server.endpoint]);
  const textOf = async (url: string): Promise<string> => (await fetch(url)).text();
  const served =
    (await textOf(`http://${server.endpoint}/metrics`)) + (await textOf(`http://${proxy.endpoint}/proxy/metrics`));
  await proxy.stop();
  const metrics = named(/`((?:etcd|grpc|nodejs|process)_[a-z_0-9]+)`/g);
  expect(metrics.length).toBeGreaterThan(15);
  expect(metrics.filter((name) => !served.includes(`# HELP ${name} `))).toEqual([]);
});

test("every flag in the table of settings is a flag of the server", () => {
  const help = helpOf("etcd", "--help");
  const rows = readPage("docs/settings.md")
    .split("\n")
    .filter((line) => line.startsWith("| `--"));
  const flags = rows.flatMap((row) =>
    Array.from((row.split("|")[1] ?? "").matchAll(/`--([\w-]+)`/g), ([, flag]) => flag),
  );
  expect(flags.length).toBeGreaterThan(30);
  expect(flags.filter((flag) => !help.includes(`\n  --${flag} `))).toEqual([]);
});

test.each(["gateway", "grpc-proxy"])("every flag in the table of etcd %s is one, and none is missing", (kind) => {
  const help = helpOf("etcd", kind, "start", "--help");
  const [, chapter = ""] = new RegExp(`^## etcd ${kind}$(.*?)^## `, "ms").exec(readPage("docs/cli.md")) ?? [];
  const rows = chapter.split("\n").filter((line) => line.startsWith("| `--"));
  const told = rows.flatMap((row) =>
    Array.from((row.split("|")[1] ?? "").matchAll(/`--([\w-]+)`/g), ([, flag]) => flag),
  );
  const flags = Array.from(help.matchAll(/^ +--([\w-]+) /gm), ([, flag]) => flag);
  expect(told.toSorted()).toEqual(flags.toSorted());
});

test("every command in the table of commands is a command of etcdctl", () => {
  const [top = "", ...groups] = ["", "lease", "member", "endpoint", "alarm", "snapshot", "check", "downgrade"].map(
    (group) => helpOf("etcdctl", ...group.split(" ").filter((word) => word !== ""), "--help"),
  );
  const rows = readPage("docs/cli.md")
    .split("\n")
    .filter((line) => line.startsWith("| `") && !line.startsWith("| `--"));
  const commands = rows.flatMap((row) => Array.from((row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g), ([, it]) => it));
  const words = commands.flatMap((command = "") => command.split(" ")).filter((word) => /^[a-z-]+$/.test(word));
  expect(words.length).toBeGreaterThan(40);
  const known = [top, ...groups].join("\n");
  expect(words.filter((word) => !word.startsWith("--") && !known.includes(`\n  ${word} `))).toEqual([]);
});
