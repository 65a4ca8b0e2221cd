import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { blocksOf, root } from "./page.js";

// The programs of the pages, as they are printed: they compile against the package's own types, and print what the
// pages say.

// Inside the package, where its own name means itself.
const folder = mkdtempSync(join(root, "dist", "readme-"));
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

for (const { page, promises } of [
  { page: "README.md", promises: 1 },
  { page: "docs/client.md", promises: 3 },
] as const) {
  test(`the program of ${page} compiles and runs`, () => {
    const programs = blocksOf(page).filter(({ language }) => language === "ts");
    expect(programs).toHaveLength(1);
    const program = programs[0]?.text ?? "";
    writeFileSync(join(folder, "program.ts"), program.replace("127.0.0.1:2379", server.endpoint));
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
    const printed = execFileSync(process.execPath, [join(folder, "program.js")], { encoding: "utf8" });
    const promised = [...program.matchAll(/console\.log.*; \/\/ (.*)$/gm)].map(([, line]) => line);
    expect(printed.trim().split("\n")).toEqual(promised);
    expect(promised.length).toBe(promises);
  });
}
