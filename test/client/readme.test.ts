import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../support/server-process.js";

// The README's program, as it is printed: it compiles against the package's own types, and prints what it says.

const root = fileURLToPath(new URL("../..", import.meta.url));
const chapter = /^## The client\n(.*?)^## /ms.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1] ?? "";
const program = /^```ts\n(.*?)^```/ms.exec(chapter)?.[1] ?? "";
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

test("the README's program compiles and runs", { timeout: 30_000 }, () => {
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
  expect(promised.length).toBe(3);
});
