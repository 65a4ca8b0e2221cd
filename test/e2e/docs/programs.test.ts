import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { blocksOf, readPage, root } from "./page.js";

// Tests that the programs of the pages and the examples of the docstrings compile against the package's own types and
// print what they promise.

interface Program {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

const pages = ["README.md", "docs/client.md", "docs/embedding.md", "docs/testing.md"];
const onPages = pages.flatMap((page) =>
  blocksOf(page)
    .filter(({ language, notRun }) => language === "ts" && notRun === undefined)
    .map(({ text, line }): Program => ({ page, line, text })),
);
const rooms = ["client", "embed", "testing"];
const inDocstrings = rooms.flatMap((room) =>
  readdirSync(join(root, "src", room), { recursive: true, encoding: "utf8" }).flatMap((name) =>
    name.endsWith(".ts") ? examplesOf(`src/${room}/${name}`) : [],
  ),
);
const programs = [...onPages, ...inDocstrings].map((program, at) => ({ ...program, file: `program-${at}` }));

/** The examples in the docstrings of a file. They use the names of the package, and a client. */
function examplesOf(page: string): Program[] {
  const text = readPage(page);
  return [...text.matchAll(/^( *)\* ```ts\n((?:\1\* .*\n)*?)\1\* ```$/gm)].map(
    ({ 1: margin = "", 2: body = "", index }) => {
      const lines = body.split("\n").map((line) => line.slice(margin.length + 2));
      const head = [
        'import { Client, compare, keyFromText, ops, textCodec } from "etcd-ts/client";',
        'import { startEtcd } from "etcd-ts";',
        'const client = new Client({ endpoints: ["127.0.0.1:2379"] });',
      ];
      const program = [...head, "{", ...lines, "}", "client.close();", ""].join("\n");
      return { page, line: text.slice(0, index).split("\n").length, text: program };
    },
  );
}

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
// The folder is inside the package, so that the package can be imported by its name.
const folder = mkdtempSync(join(root, "dist", "programs-"));
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  for (const { file, text } of programs) {
    writeFileSync(join(folder, `${file}.ts`), text.replaceAll("127.0.0.1:2379", server.endpoint));
  }
  const options = {
    target: "es2022",
    module: "nodenext",
    lib: ["es2023", "esnext.disposable"],
    strict: true,
    types: ["node"],
    noUncheckedIndexedAccess: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", folder], { cwd: root, stdio: "inherit" });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

for (const { page, line, text, file } of programs) {
  test(`the program at line ${line} of ${page} prints what the page says, and ends`, () => {
    const options = { cwd: folder, encoding: "utf8", timeout: 100_000 } as const;
    // A file of tests is run by its runner, which prints a report. It ends with an error if a test fails.
    if (text.includes('"vitest"')) {
      writeFileSync(join(folder, "vitest.config.mjs"), `export default { test: { include: ["${file}.js"] } };\n`);
      expect(execFileSync(process.execPath, [vitest, "--root", folder, "run"], options)).toContain("1 passed");
      return;
    }
    const printed = execFileSync(process.execPath, [join(folder, `${file}.js`)], options);
    if (text.includes('"node:test"')) return;
    const promised = [...text.matchAll(/console\.log.*; \/\/ (.*)$/gm)].map(([, shown]) => shown);
    expect(printed.trim().split("\n")).toEqual(promised);
  });
}

test("every page and every room has programs", () => {
  expect(pages.filter((page) => !programs.some((program) => program.page === page))).toEqual([]);
  expect(inDocstrings.length).toBeGreaterThan(3);
});
