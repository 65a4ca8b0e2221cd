import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Compare, CompareTarget, PutRequest, RangeRequest } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { type ServerKind, ServerProcess } from "../support/server-process.js";

// Tests the log of a member for which every request counts as slow. It uses etcd's words, and contains no stored
// values, passwords or tokens.

const folder = mkdtempSync(join(tmpdir(), "etcd-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const value = Buffer.from("st0red-value");
const password = "pa55word-of-root";
const everything = ["--experimental-warning-apply-duration=1ns", "--log-level=debug"];
const ready = haveReference(["etcd", "3.5"]);

type Line = Readonly<Record<string, unknown>>;

function linesOf(log: string): readonly Line[] {
  return log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

async function useKeys(client: TestClient): Promise<void> {
  const put = PutRequest.create({ key: "a\xff", value, prevKv: true });
  await client.unary("etcdserverpb.KV", "Put", put);
  await client.unary("etcdserverpb.KV", "Range", { key: "a", rangeEnd: "b" });
  await client.unary("etcdserverpb.KV", "Txn", {
    success: [{ request: { case: "requestRange", value: RangeRequest.create({ key: "a\xff" }) } }],
  });
  await client.unary("etcdserverpb.KV", "Txn", {
    compare: [
      Compare.create({ target: CompareTarget.VALUE, key: "a\xff", targetUnion: { case: "value", value } }),
      Compare.create({ target: CompareTarget.CREATE, key: "a\xff", targetUnion: { case: "createRevision", value: 2 } }),
    ],
    success: [{ request: { case: "requestPut", value: put } }],
    failure: [{ request: { case: "requestRange", value: RangeRequest.create({ key: "a\xff" }) } }],
  });
  await client.unary("etcdserverpb.KV", "DeleteRange", { key: "a\xff" });
}

describe.skipIf(!ready)("slow requests are logged in etcd's words", () => {
  test("field by field", async () => {
    const run = async (kind: ServerKind): Promise<readonly Line[]> => {
      const server = await ServerProcess.start({ kind, flags: everything });
      const client = new TestClient(server.endpoint);
      await useKeys(client);
      client.close();
      await server.kill("SIGTERM");
      const lines = linesOf(server.log).filter(({ msg }) => msg === "apply request took too long");
      await server.stop();
      return lines.filter(({ request }) => /a\\377|key:"a" range_end/.test(String(request)));
    };
    const [theirs, ours] = await Promise.all([run("etcd 3.5"), run("ours")]);
    expect(ours?.map(({ prefix }) => prefix)).toEqual(theirs?.map(({ prefix }) => prefix));
    expect(ours?.map(shape)).toEqual(theirs?.map(shape));
    expect(ours?.map(({ request }) => plain(request))).toEqual(theirs?.map(({ request }) => plain(request)));
  });
});

/** The names of the fields, without the code location. */
function shape(line: Line): readonly string[] {
  return Object.keys(line)
    .filter((name) => name !== "caller")
    .sort();
}

/** Removes the header, whose ids vary, and unifies enums, which etcd writes as names and this server as numbers. */
function plain(request: unknown): string {
  return String(request)
    .replace(/header:<[^>]*> /, "")
    .replaceAll(/ +/g, " ")
    .replace(/target:(VALUE|3)/, "target:VALUE")
    .replace(/target:(CREATE|1)/, "target:CREATE")
    .replaceAll(/ *([<>]) */g, "$1")
    .trim();
}

test("no secret is logged with slow or failed requests", async () => {
  const file = join(folder, "etcd.log");
  const flags = ["--experimental-warning-unary-request-duration=1ns", `--log-outputs=stderr,${file}`, ...everything];
  const server = await ServerProcess.start({ kind: "ours", flags });
  const anybody = new TestClient(server.endpoint);
  await useKeys(anybody);
  const auth = "etcdserverpb.Auth";
  await anybody.unary(auth, "UserAdd", { name: "root", password });
  await anybody.unary(auth, "UserGrantRole", { user: "root", role: "root" });
  await anybody.unary(auth, "UserChangePassword", { name: "root", password });
  await anybody.unary(auth, "AuthEnable", {});
  const { token } = await anybody.unary(auth, "Authenticate", { name: "root", password });
  await anybody.unary(auth, "Authenticate", { name: "root", password: `${password}!` }).catch(() => undefined);
  const root = new TestClient(server.endpoint, undefined, undefined, token);
  await useKeys(root);
  const stranger = new TestClient(server.endpoint, undefined, undefined, `${token}x`);
  await useKeys(stranger).catch(() => undefined);
  const body = JSON.stringify({ key: "YQ==", value: value.toString("base64") });
  await fetch(`http://${server.endpoint}/v3/kv/put`, { method: "POST", headers: { Authorization: token }, body });
  for (const client of [anybody, root, stranger]) client.close();
  await server.kill("SIGTERM");
  const log = readFileSync(file, "utf8");
  await server.stop();
  expect(linesOf(log).filter(({ msg }) => msg === "request stats").length).toBeGreaterThan(10);
  expect(linesOf(log).filter(({ msg }) => msg === "apply request took too long").length).toBeGreaterThan(10);
  const [name = ""] = token.split(".");
  for (const secret of [value.toString(), value.toString("base64"), password, token, name, "$2a$", "$2b$"]) {
    expect(log.includes(secret), secret).toBe(false);
  }
});

test("a log is rotated, and can be in the console format", async () => {
  const file = join(folder, "rotated", "etcd.log");
  const server = await ServerProcess.start({
    kind: "ours",
    flags: [
      ...["--log-outputs", `${file},stderr`, "--log-format", "console", "--enable-log-rotation"],
      ...["--log-rotation-config-json", '{"MaxSize": 1, "maxbackups": 1, "compress": true}'],
      ...everything,
    ],
  });
  const client = new TestClient(server.endpoint);
  const key = "k".repeat(1_000);
  // Only a sample of very many slow requests is logged, so the log grows as long as requests go on.
  const putAndLook = async (): Promise<string> => {
    await Promise.all(Array.from({ length: 100 }, () => client.unary("etcdserverpb.KV", "Put", { key })));
    return readdirSync(join(folder, "rotated")).sort().join(" ");
  };
  await expect.poll(putAndLook).toMatch(/^etcd-\S+\.log\.gz etcd\.log$/);
  client.close();
  await server.stop();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.filter((line) => !/^\S+Z\t(debug|info|warn)\t[^\t]+(\t\{.*\})?$/.test(line))).toEqual([]);
  expect(lines.some((line) => line.includes('\tapply request took too long\t{"took":'))).toBe(true);
});
