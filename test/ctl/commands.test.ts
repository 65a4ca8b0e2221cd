import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdctl, words } from "../support/etcdctl.js";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { haveReference, kindsForClients } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";

// Tests commands that the differential test cannot compare: those that etcdctl lacks, and those that need files or
// time.

const bin = join(import.meta.dirname, "../../bin/etcdctl");
const haveEtcdctl = haveReference(["etcdctl", "3.5"]);

describe.each(kindsForClients())("on %s", (kind) => {
  let server: ServerProcess;
  let other: ServerProcess;
  const folder = mkdtempSync(join(tmpdir(), "etcdctl-"));

  beforeAll(async () => {
    server = await ServerProcess.start({ kind });
    other = await ServerProcess.start({ kind });
  });

  afterAll(async () => {
    await server.stop();
    await other.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(line: string, on = server): Promise<string> {
    // A command that only prepares or checks data runs in this process.
    const here = /^(put|get|del|compaction) /.test(line) && !line.includes("--history");
    const { stdout, stderr, code } = await (here
      ? etcdctlHere(on.endpoint, words(line))
      : etcdctl("ours", on.endpoint, words(line)));
    return code === 0 && stderr === "" ? stdout : `${stdout}${stderr}exit ${code}`;
  }

  test("get --history prints all kept revisions of a key", async () => {
    await run("put h 1");
    await run("put unrelated x");
    await run("put h 2");
    await run("del h");
    await run("put h 3");
    await run("put unrelated y");
    const revision = Number(/"revision":(\d+)/.exec(await run("get unrelated -w json"))?.[1]);
    const lines = (text: string): string[] =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => line.trim());
    const told = [`${revision - 5}  1`, `${revision - 3}  2`, `${revision - 2}  deleted`, `${revision - 1}  3`];
    expect(lines(await run("get h --history"))).toEqual(told);
    await run(`compaction ${revision - 3}`);
    expect(lines(await run("get h --history"))).toEqual(told.slice(1));
    expect(await run("get never --history")).toBe("");
  });

  test("tree shows keys by their parts", async () => {
    for (const key of ["t/a", "t/b/1", "t/b/2", "t/b/2/x"]) await run(`put ${key} v`);
    expect(await run("tree t/")).toBe(
      Buffer.from("t/ (4 keys)\n├── a\n└── b/ (3 keys)\n    ├── 1\n    └── 2/ (2 keys)\n        └── x\n").toString(
        "latin1",
      ),
    );
    expect(await run("tree t/ --depth 1")).toBe(
      Buffer.from("t/ (4 keys)\n├── a\n└── b/ (3 keys)\n").toString("latin1"),
    );
  });

  test("a snapshot is saved completely, and its status can be printed", async () => {
    const file = join(folder, "snapshot.db");
    expect(await run(`snapshot save ${file}`)).toContain(`Snapshot saved at ${file}\n`);
    expect([existsSync(`${file}.part`), statSync(file).size % 512]).toEqual([false, 32]);
    const status = await etcdctl("ours", server.endpoint, ["snapshot", "status", file, "-w", "json"]);
    for (const format of haveEtcdctl ? ["simple", "json", "fields", "table", "protobuf"] : []) {
      const line = ["snapshot", "status", file, "-w", format];
      expect(await etcdctlHere(server.endpoint, line)).toEqual(await etcdctl("3.5", server.endpoint, line));
    }
    expect(JSON.parse(status.stdout).totalSize).toBe(statSync(file).size - 32);
    truncateSync(file, 5_000);
    expect((await etcdctl("ours", server.endpoint, ["snapshot", "status", file])).stderr).toContain(
      "integrity check failed",
    );
    expect(await run(`snapshot save ${folder}/missing/file`)).toMatch(
      /^Error: could not open .*no such file or directory\)\nexit 5$/,
    );
  });

  test("make-mirror copies existing keys and later changes", async () => {
    await run("put m/1 one");
    const stop = new AbortController();
    const line = words(`make-mirror --prefix m/ --dest-prefix n/ ${other.endpoint}`);
    const mirrored = etcdctl("ours", server.endpoint, line, { signal: stop.signal });
    while (!(await run("get n/1", other)).includes("one")) await run("get m/1");
    await run("put m/2 two");
    await run("del m/1");
    while ((await run("get --prefix n/", other)) !== "n/2\ntwo\n") await run("get m/2");
    // More changes in one revision than fit into a transaction.
    for (let at = 0; at < 150; at++) await run(`put m/many${at} v`);
    await run("del --prefix m/many");
    await run("put m/3 three");
    while ((await run("get --prefix n/", other)) !== "n/2\ntwo\nn/3\nthree\n") await run("get m/3");
    stop.abort();
    expect((await mirrored).code).not.toBe(0);
  });

  test("make-mirror --rev copies changes only, in transactions of a given size", async () => {
    await run("put r/before x");
    const revision = Number(/"Revision" : (\d+)/.exec(await run("put r/1 one -w fields"))?.[1]);
    const stop = new AbortController();
    const flags = `--prefix r/ --dest-prefix s/ --rev ${revision} --max-txn-ops 2`;
    const line = words(`make-mirror ${flags} ${other.endpoint}`);
    const mirrored = etcdctl("ours", server.endpoint, line, { signal: stop.signal });
    const puts = [2, 3, 4, 5, 6].map((at) => `put r/${at} v${at}`).join("\n");
    const { code } = await etcdctlHere(server.endpoint, ["txn"], { stdin: `\n${puts}\n\n\n` });
    expect(code).toBe(0);
    const keys = [1, 2, 3, 4, 5, 6].map((at) => `s/${at}\n`).join("");
    while ((await run("get --prefix s/ --keys-only", other)).replaceAll("\n\n", "\n") !== keys) await run("get r/1");
    stop.abort();
    expect((await mirrored).code).not.toBe(0);
  });

  /** Interrupts a command when it has printed its key. */
  async function interrupted(endpoint: string, line: string, meanwhile = async () => {}) {
    const stop = new AbortController();
    let outcome: ReturnType<typeof etcdctl> | undefined;
    await new Promise<void>((held) => {
      const until = (stdout: string): boolean => {
        if (stdout.includes("\n")) held();
        return false;
      };
      outcome = etcdctl("ours", endpoint, words(line), { until, signal: stop.signal });
    });
    await meanwhile();
    stop.abort();
    const ended = await outcome;
    return { code: ended?.code, stderr: ended?.stderr };
  }

  const leases = async (): Promise<string> => run("lease list");

  test.each(["lock gate", "elect gate me"])(
    "%s is released at an interrupt, long before its lease expires",
    async (line) => {
      const before = await leases();
      const { code, stderr } = await interrupted(server.endpoint, line);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await run("get --prefix gate/")).toBe("");
      expect(await leases()).toBe(before);
    },
  );

  test.each(["lock gate", "elect gate me"])("%s in the queue leaves no key when it is interrupted", async (line) => {
    const before = await leases();
    const holder = await interrupted(server.endpoint, line, async () => {
      const stop = new AbortController();
      const waiter = etcdctl("ours", server.endpoint, words(line), { signal: stop.signal });
      while ((await run("get --prefix gate/ --count-only -w fields")).includes('"Count" : 1')) await leases();
      stop.abort();
      expect(await waiter).toEqual({ stdout: "", stderr: "Error: context canceled\n", code: 1 });
      expect(await run("get --prefix gate/ --count-only -w fields")).toContain('"Count" : 1\n');
    });
    expect(holder.code).toBe(0);
    expect(await leases()).toBe(before);
  });

  test("check datascale writes, prints the used memory, and cleans up", async () => {
    const { stdout: told } = await etcdctl("ours", server.endpoint, words("check datascale --auto-compact"));
    const size = "10000 key-value pairs, 1024 bytes per key-value, 50 concurrent clients";
    expect(told.split("\n")[0]).toBe(`Start data scale check for work load [${size}].`);
    expect(told).toMatch(/Compacted with revision \d+\nPASS: Approximate system memory used : -?[\d.]+ MB\.\n$/);
    expect(await run("get /etcdctl-check-datascale/ --prefix --count-only -w fields")).toContain('"Count" : 0');
  });

  test("check perf prints its result so far when it is interrupted, and cleans up", async () => {
    const stop = new AbortController();
    const checked = etcdctl("ours", server.endpoint, ["check", "perf"], { signal: stop.signal });
    const count = "get /etcdctl-check-perf/ --prefix --count-only -w fields";
    while ((await run(count)).includes('"Count" : 0\n')) await run("get a");
    stop.abort();
    const { stdout, code } = await checked;
    expect(stdout).toMatch(/Throughput .* \d+ writes\/s\n.*[Ss]lowest request took.* [\d.]+s\n.*Stddev.* [\d.]+s\n/);
    expect(code).toBe(stdout.endsWith("\nPASS\n") ? 0 : 1);
    expect(await run(count)).toContain('"Count" : 0');
  });

  test("the files of the bundle load nothing but each other, modules of Node, and what few commands need", () => {
    const folder = join(import.meta.dirname, "../../dist/ctl");
    const files = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
    const foreign = files.flatMap((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const loaded = Array.from(text.matchAll(/\b(?:require|import)\(["`]([^"`]+)["`]\)/g), ([, name = ""]) => name);
      return loaded
        .filter((name) => !isBuiltin(name) && !files.includes(name.replace("./", "")))
        .map((name) => `${file}: ${name}`);
    });
    expect(foreign.sort()).toEqual(["help.cjs: commander", "utl.cjs: ../server/index.js"]);
  });

  test("reading a key loads one file of the bundle", () => {
    const wrapped = [
      "const { Module } = require('node:module'); const load = Module._load;",
      "Module._load = (...all) => { if (/cjs$/.test(all[0])) console.error(all[0]); return load(...all); };",
    ];
    const line = ["--require", "./spy.cjs", bin, "--endpoints", server.endpoint, "get", "a"];
    writeFileSync(join(folder, "spy.cjs"), wrapped.join("\n"));
    const { stderr } = spawnSync(process.execPath, line, { cwd: folder, encoding: "utf8" });
    expect(stderr.replaceAll(/^.*\//gm, "")).toBe("start.cjs\n");
  });

  test("works without compiled code, and with compiled code that V8 refuses", async () => {
    const installed = join(folder, "installed");
    for (const name of ["bin", "dist/ctl"]) {
      cpSync(join(import.meta.dirname, "../..", name), join(installed, name), { recursive: true });
    }
    writeFileSync(join(installed, "package.json"), '{ "type": "module" }');
    const compiled = join(installed, "dist/ctl", `start.cjs.${process.version}-${process.arch}`);
    const get = (...flags: readonly string[]): string =>
      execFileSync(process.execPath, [...flags, join(installed, "bin/etcdctl"), "version"], { encoding: "utf8" });
    const said = get();
    expect(said).toContain("etcdctl version");
    expect(get("--stack-size=900")).toBe(said); // compiled code is only for the flags that V8 had
    for (const damage of [Buffer.alloc(0), Buffer.alloc(1_000, "x")]) {
      writeFileSync(compiled, damage);
      expect(get()).toBe(said);
    }
    rmSync(compiled);
    expect(get()).toBe(said);
  });

  test("a slow reader gets the whole output", async () => {
    const value = "x".repeat(1_000_000);
    await etcdctlHere(server.endpoint, ["put", "large"], { stdin: value });
    const line = `${process.execPath} ${bin} --endpoints ${server.endpoint} get large --print-value-only | wc -c`;
    expect(execFileSync("bash", ["-c", line], { encoding: "utf8" }).trim()).toBe(String(value.length + 1));
  });

  test("a reader that closes the pipe ends the command", () => {
    const line = `${process.execPath} ${bin} --help | head -1`;
    expect(execFileSync("bash", ["-c", line], { encoding: "utf8" })).toBe("Usage: etcdctl <command>\n");
  });

  test.each(["lock twice", "elect twice me"])("%s is released when it is interrupted twice", async (line) => {
    const { PATH } = process.env;
    const child = spawn(process.execPath, [bin, "--endpoints", server.endpoint, ...words(line)], { env: { PATH } });
    const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    await new Promise((held) => child.stdout.once("data", held));
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(await run("get --prefix twice/")).toBe("");
  });

  test.each([
    { version: "4", code: 1, stderr: "unsupported API version: 4\n" },
    { version: "2", code: 1, stderr: "unsupported API version: 2\n" },
    { version: "3", code: 0, stderr: "" },
    { version: "", code: 0, stderr: "" },
  ])("version $version of the API ends with $code", ({ version, code, stderr }) => {
    const env = { PATH: process.env.PATH, ETCDCTL_API: version };
    const found = spawnSync(process.execPath, [bin, "version"], { env, encoding: "utf8" });
    expect({ code: found.status, stderr: found.stderr }).toEqual({ code, stderr });
  });

  test("a command that dies by a signal is reported like in Go", async () => {
    const { code, stderr } = await etcdctl("ours", server.endpoint, [
      "lock",
      "dies",
      "--",
      "sh",
      "-c",
      "kill -TERM $$",
    ]);
    expect({ code, stderr }).toEqual({ code: 255, stderr: "Error: signal: terminated\n" });
  });

  test("a lock command ends after an interrupt, even if no server answers", async () => {
    const line = "lock gate --command-timeout 300ms";
    const ended = await interrupted(other.endpoint, line, async () => void (await other.kill("SIGKILL")));
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({
      code: 1,
      stderr: "Error: context deadline exceeded\n",
    });
  });
});

describe("defrag --data-dir", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "etcdctl-defrag-"));
  const told = "Use `etcdutl defrag` instead. The --data-dir is going to be decomissioned in v3.6.\n\n";
  const run = (dir: string) => etcdctlHere("", ["defrag", "--data-dir", dir]);

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test("shrinks the files of a stopped member, and keeps the data", async () => {
    const server = await ServerProcess.start({ kind: "ours", dataDir });
    // The value is random, so that it cannot be compressed.
    const value = randomBytes(1_000_000).toString("latin1");
    for (let at = 0; at < 6; at++) await etcdctlHere(server.endpoint, ["put", "big"], { stdin: value });
    const { stdout } = await etcdctlHere(server.endpoint, ["put", "small", "1", "-w", "json"]);
    await etcdctlHere(server.endpoint, ["compaction", "--physical", String(JSON.parse(stdout).header.revision)]);
    expect((await run(join(dataDir, "data"))).stderr).toMatch(/Error: another process is using .*: stop it first/);
    await server.kill("SIGTERM");
    const before = bytesIn(join(dataDir, "data"));
    expect(await run(join(dataDir, "data"))).toEqual({ stdout: "", stderr: told, code: 0 });
    expect(bytesIn(join(dataDir, "data"))).toBeLessThan(before - 2_000_000);
    const again = await ServerProcess.start({ kind: "ours", dataDir });
    expect((await etcdctlHere(again.endpoint, ["get", "small"])).stdout).toBe("small\n1\n");
    await again.stop();
  });

  test("refuses a directory without a database, or with the database of etcd", async () => {
    const missing = join(dataDir, "missing");
    const text = `${told}Error: stat ${missing}/member/db: no such file or directory\n`;
    expect(await run(missing)).toEqual({ stdout: "", stderr: text, code: 1 });
    const foreign = join(dataDir, "foreign");
    mkdirSync(join(foreign, "member", "snap"), { recursive: true });
    writeFileSync(join(foreign, "member", "snap", "db"), "");
    expect((await run(foreign)).stderr).toContain("is etcd's own database, in another format: use etcd's own etcdutl");
  });
});

function bytesIn(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
