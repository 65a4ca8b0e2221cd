import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, expect, test } from "vitest";
import { tooFewDescriptors } from "../../src/main/file-descriptors.js";
import { PutRequest, PutResponse, services } from "../../src/wire/index.js";
import { freePort } from "../support/server-process.js";

const command = fileURLToPath(new URL("../../bin/etcd", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "etcd-ts-process-"));
const children: ChildProcess[] = [];
let members = 0;

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(directory, { recursive: true }));

class Run {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<number | null>;

  constructor(flags: readonly string[], env: Readonly<Record<string, string>> = {}, program?: string) {
    const words = program === undefined ? [command, ...flags] : flags;
    this.child = spawn(program ?? process.execPath, words, { cwd: directory, env: { ...process.env, ...env } });
    children.push(this.child);
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  lines(): readonly Record<string, unknown>[] {
    return this.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** Resolves with the value of a field when a line with the message has been logged. */
  async logged(message: string, field = "msg"): Promise<string> {
    await expect.poll(() => this.stderr.includes(`"msg":"${message}"`)).toBe(true);
    return String(this.lines().find((line) => line.msg === message)?.[field]);
  }
}

function start(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Run {
  const data = join(directory, `m${members++}`);
  return new Run([`--data-dir=${data}`, "--listen-peer-urls=http://127.0.0.1:0", ...flags], env);
}

const anyPort = ["--listen-client-urls=http://127.0.0.1:0", "--advertise-client-urls=http://127.0.0.1:2379"];
const serving = "serving client traffic insecurely; this is strongly discouraged!";

async function clientUrl(run: Run): Promise<string> {
  return await run.logged(serving, "address");
}

test("--memory --port 0 prints the address as JSON when it serves, and writes no file", async () => {
  const run = new Run(["--memory", "--port=0", "--name=fleeting"]);
  await expect.poll(() => run.stdout).toMatch(/\n$/);
  const { endpoints } = JSON.parse(run.stdout) as { endpoints: readonly string[] };
  expect(endpoints).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)]);
  expect((await fetch(`${endpoints[0]}/health`)).status).toBe(200);
  run.child.kill("SIGTERM");
  expect(await run.ended).toBe(0);
  expect(existsSync("fleeting.etcd")).toBe(false);
});

for (const word of ["--version", "-version", "--version=true"]) {
  test(`${word} prints the versions of the API and of this server`, async () => {
    const run = new Run([word]);
    expect(await run.ended).toBe(0);
    expect(run.stdout).toMatch(/^etcd Version: 3\.7\.1\netcd-ts Version: \d+\.\d+\.\d+\nNode\.js Version: v/);
    expect(run.stderr).toBe("");
  });
}

test("--help has groups, defaults and unsupported flags", async () => {
  const run = new Run(["--help"]);
  expect(await run.ended).toBe(0);
  for (const text of [
    ...["Member:\n", "Clustering:\n", "Logging:\n", "Features:\n"],
    "--snapshot-count '10000'\n",
    "  --experimental-corrupt-check-time\n    --corrupt-check-time\n",
    ...["  --max-wals\n    A file of the raft log", "  --discovery\n    V2 discovery is gone"],
  ]) {
    expect(run.stdout).toContain(text);
  }
  expect(run.stdout).not.toContain("not supported yet");
});

for (const limit of [60, 145]) {
  test(`a limit of ${limit} file descriptors is refused with one sentence, even if no module can be loaded`, () => {
    const words = ["-c", `ulimit -n ${limit}; exec "$0" "$1" "$2"`, process.execPath, command];
    const place = `--data-dir=${directory}/few`;
    const { ETCD_THREADS: _, ...env } = process.env; // the log has a line for each variable that is used
    const ended = spawnSync("bash", [...words, place], { encoding: "utf8", env });
    expect(ended).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^[^\n]*\n$/) });
    expect(ended.stderr).toContain(tooFewDescriptors(limit));
  });
}

test("an invalid command line ends with code 2 and the usage", async () => {
  const run = new Run(["--data-dri=x"]);
  expect(await run.ended).toBe(2);
  expect(run.stderr).toMatch(/^flag provided but not defined: -data-dri \(did you mean --data-dir\?\)\nUsage:\n/);
});

const busy = createServer();

for (const { name, flags, env = {}, error } of [
  {
    name: "a flag that is not supported",
    flags: ["--discovery=x"],
    error: "--discovery is not supported: v2 discovery is gone, as in etcd 3.7",
  },
  {
    name: "a flag and its variable",
    flags: ["--name=a"],
    env: { ETCD_NAME: "b" },
    error: /^conflicting environment variable is shadowed by corresponding command-line flag/,
  },
  {
    name: "contradictory settings",
    flags: ["--election-timeout=10"],
    error: /^--election-timeout\[10ms\] should be at least/,
  },
  {
    name: "a data directory that cannot be created",
    flags: [...anyPort, "--listen-peer-urls=http://127.0.0.1:0", "--data-dir=/dev/null/data"],
    error: /^.*\/dev\/null\/data/,
  },
  {
    name: "an initial cluster without the member",
    flags: [...anyPort, "--listen-peer-urls=http://127.0.0.1:0", "--name=a", "--initial-cluster=b=http://b:1"],
    error: /^couldn't find local name "a" in the initial cluster configuration$/,
  },
  {
    name: "an address that is in use",
    flags: ["--listen-peer-urls=http://127.0.0.1:0", "--advertise-client-urls=http://127.0.0.1:1", "BUSY"],
    error: /^cannot listen on http:\/\/127\.0\.0\.1:\d+: the address is already in use$/,
  },
]) {
  test(`${name}: ends with one line of explanation and code 1`, async () => {
    await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
    const taken = `--listen-client-urls=http://127.0.0.1:${(busy.address() as AddressInfo).port}`;
    const run = new Run(
      flags.map((flag) => (flag === "BUSY" ? taken : flag)),
      env,
    );
    expect(await run.ended).toBe(1);
    await new Promise((resolve) => busy.close(resolve));
    const complaints = run.lines().filter(({ level }) => level !== "info");
    expect(complaints).toEqual([expect.objectContaining({ error: expect.stringMatching(error) })]);
  });
}

test("a member logs the lines that operators' tools wait for, serves, and ends with 0 at SIGTERM", async () => {
  const run = start(anyPort, { ETCD_FOO: "x" });
  const url = await clientUrl(run);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  for (const message of [
    "published local member to cluster through raft",
    "enabled capabilities for version",
    "ready to serve client requests",
    "unrecognized environment variable",
  ]) {
    expect(await run.logged(message)).toBe(message);
  }
  for (const line of run.lines()) {
    expect(line).toMatchObject({ level: expect.stringMatching(/^(info|warn)$/), msg: expect.any(String) });
    expect(line.ts).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  expect(await (await fetch(`${url}/health`)).text()).toBe('{"health":"true","reason":""}');
  run.child.kill("SIGTERM");
  expect(await run.ended).toBe(0);
  expect(run.stdout).toBe("");
});

test("a member that waits for a host name to be resolved ends at SIGTERM", async () => {
  const cluster = ["--initial-cluster=default=http://nobody.invalid:1"];
  const run = start([...anyPort, ...cluster, "--initial-advertise-peer-urls=http://127.0.0.1:1"]);
  await run.logged("failed to resolve URL Host");
  run.child.kill("SIGTERM");
  expect(await run.ended).toBe(0);
});

test("a stop finishes calls under way and ends streams", async () => {
  const run = start(anyPort);
  const client = new Client(new URL(await clientUrl(run)).host, credentials.createInsecure());
  const { Watch } = services["etcdserverpb.Watch"];
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const watch = client.makeBidiStreamRequest(Watch.path, asIs, asIs);
  watch.on("error", () => undefined);
  const ended = new Promise((resolve) => watch.once("status", resolve));
  watch.write(Watch.request.encode({ requestUnion: undefined }));
  const { Put } = services["etcdserverpb.KV"];
  const put = () =>
    new Promise<PutResponse>((resolve, reject) => {
      const encode = (request: PutRequest): Buffer => Buffer.from(PutRequest.encode(request));
      const request = PutRequest.create({ key: "a", value: Buffer.from("b") });
      client.makeUnaryRequest(Put.path, encode, PutResponse.decode, request, (error, answer) =>
        error || answer === undefined ? reject(error) : resolve(answer),
      );
    });
  await put();
  const puts = Array.from({ length: 50 }, put);
  // The puts were sent together, so all of them have arrived when the first is answered.
  await Promise.race(puts);
  run.child.kill("SIGINT");
  await Promise.all(puts);
  expect(await ended).toMatchObject({ code: 14, details: "etcdserver: server stopped" });
  expect(await run.ended).toBe(0);
  client.close();
});

test("a member continues after a restart, with its settings from a file", async () => {
  const data = join(directory, "again");
  const path = join(directory, "etcd.yml");
  writeFileSync(
    path,
    `data-dir: ${data}\nlisten-peer-urls: http://127.0.0.1:0\nlisten-client-urls: http://127.0.0.1:0\n` +
      "advertise-client-urls: http://127.0.0.1:2379\nlog-outputs: [stderr]\n",
  );
  for (const restart of [false, true]) {
    // With a file flags and variables are ignored, even invalid ones.
    const run = new Run(["--config-file", path, "--name=b", "--discovery=x"], { ETCD_NAME: "c" });
    await clientUrl(run);
    await run.logged(restart ? "restarting local member" : "starting local member");
    expect(await run.logged("starting an etcd server", "name")).toBe("default");
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
  }
});

const { Status } = services["etcdserverpb.Maintenance"];
const { Range } = services["etcdserverpb.KV"];

async function statusOverHttp2(url: string, head: OutgoingHttpHeaders): Promise<Record<"http" | "grpc", unknown>> {
  const session = connect(url);
  const stream = session.request(head);
  const [fields] = await once(stream, "response");
  session.destroy();
  return { http: fields[":status"], grpc: fields["grpc-status"] };
}

test("HTTP and metrics can have separate ports, also with HTTP/2, and client ports then serve only gRPC", async () => {
  const socket = join(directory, "clients.sock");
  const run = start([
    `--listen-client-urls=unix://${socket}`,
    "--advertise-client-urls=http://127.0.0.1:2379",
    "--listen-client-http-urls=http://127.0.0.1:0",
    "--listen-metrics-urls=http://127.0.0.1:0",
  ]);
  await run.logged(serving);
  await expect.poll(() => run.lines().filter(({ msg }) => msg === serving).length).toBe(3);
  const ports = run.lines().filter(({ msg }) => msg === serving);
  expect(ports.map(({ traffic }) => traffic)).toEqual(["grpc", "http", "http"]);
  for (const { address } of ports.slice(1)) {
    expect((await fetch(`${address}/metrics`)).status).toBe(200);
    expect(await statusOverHttp2(String(address), { ":path": "/metrics" })).toEqual({ http: 200, grpc: undefined });
    const call = { ":method": "POST", ":path": Range.path, "content-type": "application/grpc" };
    expect(await statusOverHttp2(String(address), call)).toEqual({ http: 200, grpc: "12" });
  }
  const refused = new Promise((resolve) => {
    httpRequest({ socketPath: socket, path: "/health" })
      .on("error", () => resolve("refused"))
      .end();
  });
  expect(await refused).toBe("refused");
  const client = new Client(`unix://${socket}`, credentials.createInsecure());
  const encode = (): Buffer => Buffer.from(Status.request.encode({}));
  const status = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(Status.path, encode, Status.response.decode, {}, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
  expect(status).toMatchObject({ version: "3.7.1" });
  client.close();
});

test("the log is written to the configured outputs from the configured level on", async () => {
  const path = join(directory, "member.log");
  const run = start([...anyPort, `--log-outputs=stdout,${path}`, "--log-level=warn"], { ETCD_FOO: "x" });
  await expect.poll(() => run.stdout).toContain("unrecognized environment variable");
  await expect.poll(() => readFileSync(path, "utf8")).toBe(run.stdout);
  expect(run.stderr).toBe("");
  expect(run.stdout).not.toContain('"level":"info"');
});

/** Starts a member whose standard error is a descriptor of the test, or a pipe that is not read. */
async function startBlind(
  stderr: number | "pipe",
  flags: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const metrics = join(directory, `metrics-${members}.sock`);
  const data = join(directory, `m${members++}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const urls = [
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    "--listen-peer-urls=http://127.0.0.1:0",
  ];
  const words = [command, `--data-dir=${data}`, `--listen-metrics-urls=unix://${metrics}`, ...urls, ...flags];
  const child = spawn(process.execPath, words, { cwd: directory, stdio: ["ignore", "ignore", stderr] });
  children.push(child);
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`the member ended with ${child.exitCode}`);
    return (await fetch(`${url}/health`).catch(() => undefined))?.status === 200;
  };
  await expect.poll(isUp).toBe(true);
  return { child, url };
}

async function lostLines(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^etcd_log_lines_lost_total (\d+)$/m.exec(metrics)?.[1]);
}

/** Flags with which each call makes a line in the log. */
const talkative = ["--log-level=debug", "--experimental-warning-unary-request-duration=1ns"];

async function put(url: string, count: number): Promise<void> {
  // The log line contains the key.
  const request = { method: "POST", body: JSON.stringify({ key: "YWFh".repeat(1_000), value: "YQ==" }) };
  const answers = await Promise.all(Array.from({ length: count }, () => fetch(`${url}/v3/kv/put`, request)));
  for (const answer of answers) expect(answer.status).toBe(200);
}

async function stopped(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return await ended;
}

test("a member goes on if its log is not read", async () => {
  const { child, url } = await startBlind("pipe", talkative);
  // The pipe holds some hundred KiB, and the member 1 MiB more.
  for (let round = 0; !((await lostLines(url)) > 0); round++) {
    expect(round).toBeLessThan(500);
    await put(url, 20);
  }
  expect(await stopped(child)).toBe(0);
});

for (const { name, flags } of [
  { name: "standard error", flags: [] },
  { name: "a file", flags: ["--log-outputs=/dev/full"] },
]) {
  test(`${name} that accepts no line loses only lines`, async () => {
    const full = openSync("/dev/full", "a");
    const { child, url } = await startBlind(full, flags);
    closeSync(full);
    expect(await lostLines(url)).toBeGreaterThan(5);
    expect(await stopped(child)).toBe(0);
  });
}

test("a reader of the log that ends stops only the log", async () => {
  const { child, url } = await startBlind("pipe", talkative);
  child.stderr?.destroy();
  for (let round = 0; round < 5; round++) await put(url, 20);
  expect(await lostLines(url)).toBeGreaterThan(50);
  expect(await stopped(child)).toBe(0);
});

/** Starts a member by the command itself, as a shell does. */
function startCommand(shell: string): Run {
  const data = join(directory, `m${members++}`);
  const flags = [...anyPort, "--listen-peer-urls=http://127.0.0.1:0", `--data-dir=${data}`];
  return new Run(["-c", `${shell} "$0" "$@"`, command, ...flags], {}, "sh");
}

for (const { name, shell, started } of [
  { name: "nohup", shell: "exec nohup", started: "by the command" },
  { name: "a shell that ignores SIGHUP", shell: "trap '' HUP; exec", started: "by the command" },
  { name: "nohup", shell: `exec nohup ${process.execPath}`, started: "by Node" },
]) {
  test(`a member started with ${name} ${started} ignores the signals that etcd ignores`, async () => {
    const run = startCommand(shell);
    const url = await clientUrl(run);
    for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPWR"] as const) run.child.kill(signal);
    // The last signal is the one to stop, and the only one that has an effect.
    expect((await fetch(`${url}/health`)).status).toBe(200);
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(run.stderr).not.toContain("Debugger listening");
  });
}

test("SIGHUP ends a member unless it was started to ignore it, as in etcd", async () => {
  const run = startCommand("exec");
  await clientUrl(run);
  run.child.kill("SIGHUP");
  expect(await run.ended).toBe(null);
  expect(run.child.signalCode).toBe("SIGHUP");
});

test("a removed member ends with 0, also at later starts, and the others log it in etcd's words", async () => {
  const [one, two] = [await freePort(), await freePort()];
  const cluster = `--initial-cluster=one=http://127.0.0.1:${one},two=http://127.0.0.1:${two}`;
  const flags = (name: string, port: number) => [
    ...[...anyPort, cluster, `--name=${name}`, `--data-dir=${join(directory, `removed-${name}`)}`],
    ...[`--listen-peer-urls=http://127.0.0.1:${port}`, `--initial-advertise-peer-urls=http://127.0.0.1:${port}`],
    "--strict-reconfig-check=false",
  ];
  const staying = new Run(flags("one", one));
  const leaving = new Run(flags("two", two));
  const url = await clientUrl(staying);
  await clientUrl(leaving);
  const ask = async (call: string, body: object) =>
    (await fetch(`${url}/v3/cluster/member/${call}`, { method: "POST", body: JSON.stringify(body) })).json();
  const { members: all } = (await ask("list", {})) as { members: { ID: string; name: string }[] };
  // The headers of a peer from another cluster.
  const headers = { "X-Server-From": "1", "X-Server-Version": "3.5.30", "X-Min-Cluster-Version": "3.0.0" };
  const stranger = { headers: { ...headers, "X-Etcd-Cluster-ID": "1" } };
  expect((await fetch(`http://127.0.0.1:${one}/raft/stream/msgapp/1`, stranger)).status).toBe(412);
  await ask("remove", { ID: all.find(({ name }) => name === "two")?.ID });
  expect(await leaving.ended).toBe(0);
  const again = new Run(flags("two", two));
  expect(await again.ended).toBe(0);
  expect(again.stderr).toContain("data-dir used by this member must be removed");
  // Other projects' entrypoints and test suites wait for these lines.
  for (const awaited of [
    "established TCP streaming connection with remote peer",
    "elected leader",
    "request cluster ID mismatch",
    "rejected stream from remote peer because it was removed",
    "serving peer traffic",
  ]) {
    expect(staying.stderr).toContain(awaited);
  }
  expect(leaving.stderr).toContain('"msg":"closing etcd server"');
});
