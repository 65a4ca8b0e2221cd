import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { blocksOf, root } from "./page.js";

// Tests that the programs of the pages compile against the package's own types and print what the pages say.

const pages = ["README.md", "docs/client.md", "docs/embedding.md", "docs/testing.md"];
const programs = pages.flatMap((page) =>
  blocksOf(page)
    .filter(({ language, notRun }) => language === "ts" && notRun === undefined)
    .map(({ text, line }, at) => ({ page, line, text, file: `${page.replace(/\W/g, "-")}-${at}` })),
);
// The folder is inside the package, so that the package can be imported by its name.
const folder = mkdtempSync(join(root, "dist", "programs-"));
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  for (const { file, text } of programs) {
    writeFileSync(join(folder, `${file}.ts`), text.replace("127.0.0.1:2379", server.endpoint));
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
    const printed = execFileSync(process.execPath, [join(folder, `${file}.js`)], options);
    // A program of `node:test` prints its report. It ends with an error if a test fails.
    if (text.includes('"node:test"')) return;
    const promised = [...text.matchAll(/console\.log.*; \/\/ (.*)$/gm)].map(([, shown]) => shown);
    expect(printed.trim().split("\n")).toEqual(promised);
  });
}

test("every page has programs", () => {
  expect(pages.filter((page) => !programs.some((program) => program.page === page))).toEqual([]);
});
