import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { blocksOf, root } from "./page.js";

// Tests that the programs of the pages compile against the package's own types and print what the pages say.

const pages = [
  { page: "README.md", file: "readme", promises: 1 },
  { page: "docs/client.md", file: "client", promises: 3 },
] as const;
// The folder is inside the package, so that the package can be imported by its name.
const folder = mkdtempSync(join(root, "dist", "readme-"));
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  for (const { page, file } of pages) {
    writeFileSync(join(folder, `${file}.ts`), programOf(page).replace("127.0.0.1:2379", server.endpoint));
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

for (const { page, file, promises } of pages) {
  test(`the program of ${page} prints what the page says`, () => {
    const printed = execFileSync(process.execPath, [join(folder, `${file}.js`)], { encoding: "utf8" });
    const promised = [...programOf(page).matchAll(/console\.log.*; \/\/ (.*)$/gm)].map(([, line]) => line);
    expect(printed.trim().split("\n")).toEqual(promised);
    expect(promised.length).toBe(promises);
  });
}

/** The only program of a page. */
function programOf(page: string): string {
  const programs = blocksOf(page).filter(({ language }) => language === "ts");
  expect(programs).toHaveLength(1);
  return programs[0]?.text ?? "";
}
