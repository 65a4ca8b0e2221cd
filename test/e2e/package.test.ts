import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Tests the package as its users get it: packed, and installed into an empty project.

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "etcd-package-"));
let tarball = "";

beforeAll(() => {
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", project], root);
  const [file = ""] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
  tarball = join(project, file);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true }\n');
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
  run("npm", ["install", ...quiet, tarball], project);
});
afterAll(() => rmSync(project, { recursive: true }));

/** @returns the standard output; throws unless the program ends with code 0 by itself */
function run(program: string, words: readonly string[], cwd = project): string {
  const { status, signal, stdout, stderr } = spawnSync(program, words, { cwd, encoding: "utf8", timeout: 100_000 });
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(" ")}: ended with ${status ?? signal}\n${stdout}${stderr}`);
}

function runFile(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return run(process.execPath, [name]);
}

const body = `
  const etcd = await startEtcd();
  const client = etcd.client();
  await client.put({ key: keyFromText("greeting"), value: Buffer.from("hello") });
  const { kvs } = await client.range({ key: keyFromText("greeting") });
  console.log(Buffer.from(kvs[0].value).toString());
  await etcd.stop();
`;

describe("a program that starts a member ends by itself", () => {
  test("as an ES module", () => {
    const imports = `import { startEtcd } from "etcd-ts";\nimport { keyFromText } from "etcd-ts/client";\n`;
    expect(runFile("module.mjs", `${imports}${body}`)).toBe("hello\n");
  });

  test("as a CommonJS module", () => {
    const imports = ['const { startEtcd } = require("etcd-ts");', 'const { keyFromText } = require("etcd-ts/client");'];
    expect(runFile("common.cjs", `${imports.join("\n")}void (async () => {${body}})();\n`)).toBe("hello\n");
  });
});

test("the installed commands start a member in memory that prints its address, and read from it", async () => {
  const command = (name: string): string => join(project, "node_modules", ".bin", name);
  const server = spawn(command("etcd-ts"), ["--memory", "--port", "0"], {
    cwd: project,
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    server.stderr.resume();
    const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    const [endpoint = ""] = (JSON.parse(line) as { endpoints: string[] }).endpoints;
    expect(run(command("etcdctl-ts"), ["--endpoints", endpoint, "put", "greeting", "hello"])).toBe("OK\n");
    expect(run(command("etcdctl-ts"), ["--endpoints", endpoint, "get", "greeting"])).toBe("greeting\nhello\n");
    expect(readdirSync(project).filter((name) => name.endsWith(".etcd"))).toEqual([]);
  } finally {
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  }
});

test("an import and a require get the same classes, and the same names of each entry", () => {
  const text = `
    import { createRequire } from "node:module";
    import * as server from "etcd-ts";
    import * as client from "etcd-ts/client";
    import * as testing from "etcd-ts/testing";
    const require = createRequire(import.meta.url);
    const required = {
      server: require("etcd-ts"),
      client: require("etcd-ts/client"),
      testing: require("etcd-ts/testing"),
    };
    console.log(server.StartError === required.server.StartError, client.Client === required.client.Client);
    const namesOf = (entry) => Object.keys(entry).filter((name) => name !== "__esModule").sort().join();
    for (const [name, imported] of Object.entries({ server, client, testing })) {
      if (namesOf(imported) !== namesOf(required[name])) console.log(name, namesOf(imported), namesOf(required[name]));
    }
  `;
  expect(runFile("same.mjs", text)).toBe("true true\n");
});

test("loading the package does not load what is not used", () => {
  const text = `
    const { startEtcd } = require("etcd-ts");
    void startEtcd().then((etcd) => etcd.stop()).then(() => {
      const packages = Object.keys(require.cache).map((path) => /node_modules.((?:@[^/]+.)?[^/]+)/.exec(path)?.[1]);
      console.log([...new Set(packages)].sort().join(" "));
    });
  `;
  const loaded = runFile("loaded.cjs", text).trim().split(" ");
  expect(loaded).toEqual(["etcd-ts"]);
});

describe("types", () => {
  beforeAll(() => {
    mkdirSync(join(project, "node_modules", "@types"), { recursive: true });
    const types = join("node_modules", "@types", "node");
    if (!existsSync(join(project, types))) symlinkSync(join(root, types), join(project, types));
  });

  const program = `
    import { type Etcd, type EtcdOptions, StartError, startEtcd } from "etcd-ts";
    import { Client, keyFromText } from "etcd-ts/client";
    import { startCluster, type TestCluster } from "etcd-ts/testing";
    export const cluster = (): Promise<TestCluster> => startCluster({ members: 3 });
    const options: EtcdOptions = { maxTxnOps: 256, autoCompactionMode: "revision", grpcKeepaliveInterval: "1h" };
    export async function use(): Promise<string | undefined> {
      await using etcd: Etcd = await startEtcd(options);
      const client: Client = etcd.client();
      const { kvs } = await client.range({ key: keyFromText("a") });
      const error = new StartError("no");
      return error.setting ?? String(kvs.length);
    }
  `;

  for (const { name, files, options } of [
    { name: "ES and CommonJS modules (nodenext)", files: ["typed.mts", "typed.cts"], options: { module: "nodenext" } },
    { name: "a bundler", files: ["typed.ts"], options: { module: "esnext", moduleResolution: "bundler" } },
  ]) {
    test(`of all entries are found by ${name}`, () => {
      const wrong = files.map((file) => `wrong-${file}`);
      for (const file of files) writeFileSync(join(project, file), program);
      for (const file of wrong) writeFileSync(join(project, file), program.replace("256", '"many"'));
      const lib = ["es2023", "esnext.disposable"];
      const strict = { strict: true, noEmit: true, target: "es2023", lib, types: ["node"], skipLibCheck: false };
      const config = { compilerOptions: { ...strict, ...options }, files: [...files, ...wrong] };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
      const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
      const words = [compiler, "-p", "tsconfig.json", "--pretty", "false"];
      const { stdout } = spawnSync(process.execPath, words, { cwd: project, encoding: "utf8", timeout: 100_000 });
      // One mistake in each of the wrong files, and nothing else.
      const mistakes = stdout.match(/^\S.*$/gm) ?? [];
      expect(mistakes.map((line) => line.split("(")[0]).sort()).toEqual(wrong.toSorted());
      for (const line of mistakes) expect(line).toMatch(/TS2322.*'string' is not assignable to type 'number'/);
    });
  }

  test("are right for every way to resolve them", () => {
    // One script makes all entries alike, and this tool takes ten seconds for the largest one.
    run(join(root, "node_modules", ".bin", "attw"), [tarball, "--profile", "node16", "--entrypoints", "./client"]);
  });
});

test("package.json leads to files that exist and are of the kind it says", () => {
  expect(run(join(root, "node_modules", ".bin", "publint"), ["--strict", tarball])).toContain("All good!");
});

test("the API reference is built without a warning, and describes each setting", () => {
  run("npm", ["run", "--silent", "--workspace", "docs/reference", "build"], root);
  const page = readFileSync(join(root, "dist", "api-docs", "interfaces", "embed.EtcdOptions.html"), "utf8");
  const settings = [...page.matchAll(/<section class="tsd-panel tsd-member.*?<\/section>/gs)].map(
    ([section]) => section,
  );
  expect(settings.length).toBeGreaterThan(80);
  expect(settings.filter((section) => !/<p>.*Default Value/s.test(section))).toEqual([]);
});
