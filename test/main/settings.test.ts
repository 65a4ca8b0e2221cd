import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseCommandLine } from "../../src/main/command-line.js";
import { servesConsole } from "../../src/main/console-settings.js";
import { settingsOf } from "../../src/main/settings.js";

const directory = mkdtempSync(join(tmpdir(), "etcd-ts-settings-"));
const home = process.cwd();
// The default data directory is relative, and a member may have been started in the current directory before.
process.chdir(directory);
afterAll(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

const settings = (...words: string[]) => settingsOf(parseCommandLine(words).values, false);

test("without flags, all settings have etcd's defaults", () => {
  const { server, ...rest } = settings();
  expect(server).toMatchObject({
    name: "default",
    dataDir: "default.etcd",
    initialCluster: [{ name: "default", peerUrls: ["http://localhost:2380"] }],
    advertiseClientUrls: ["http://localhost:2379"],
    tickMs: 100,
    electionTicks: 10,
    maxRequestBytes: 1_572_864,
    compactionPauseMs: 10,
  });
  expect(server.autoCompaction).toBeUndefined();
  expect(rest.listenClients).toEqual([
    { url: "http://localhost:2379", address: { kind: "tcp", host: "localhost", port: 2379 } },
  ]);
  expect(rest.log).toEqual({ level: "info", outputs: ["stderr"], format: "json", formatGiven: false });
});

for (const { words, at, writes = false } of [
  { words: [], at: "loopback" },
  { words: ["--enable-console"], at: "everywhere" },
  { words: ["--enable-console=false"], at: "nowhere" },
  { words: ["--enable-grpc-gateway=false"], at: "nowhere" },
  { words: ["--console-writes"], at: "loopback", writes: true },
  {
    words: ["--enable-console=false", "--listen-console-urls=http://127.0.0.1:1", "--console-writes"],
    at: "nowhere",
    writes: true,
  },
] as const) {
  test(`with ${words.join(" ") || "no flags"} the client URLs that serve the console are: ${at}`, () => {
    expect(settings(...words).console).toMatchObject({ at, writes });
  });
}

for (const { url, served } of [
  { url: "http://localhost:2379", served: true },
  { url: "http://127.0.0.2:2379", served: true },
  { url: "http://[::1]:2379", served: true },
  { url: "http://0.0.0.0:2379", served: false },
  { url: "http://10.0.0.1:2379", served: false },
  { url: "unix:///tmp/socket", served: false },
]) {
  test(`unless a flag says so, ${url} ${served ? "serves" : "does not serve"} the console`, () => {
    const { console, listenClients } = settings(`--listen-client-urls=${url}`, `--advertise-client-urls=http://a:1`);
    expect(listenClients.map(({ address }) => servesConsole(console, address))).toEqual([served]);
  });
}

test("only names that are given count for pages: by default none, although all may call otherwise", () => {
  expect(settings().console.access).toEqual({ origins: new Set(), hosts: new Set(["localhost"]) });
  const given = settings("--cors=http://a.example", "--host-whitelist=b.example", "--advertise-client-urls=http://c:1");
  expect(given.console.access).toEqual({
    origins: new Set(["http://a.example"]),
    hosts: new Set(["b.example", "c"]),
  });
  expect(settings("--cors=*", "--host-whitelist=").console.access).toMatchObject({
    origins: new Set(["*"]),
    hosts: new Set(["*", "localhost"]),
  });
});

for (const { words, says } of [
  { words: ["--enable-console", "--enable-grpc-gateway=false"], says: "--enable-console needs --enable-grpc-gateway" },
  {
    words: ["--listen-console-urls=http://127.0.0.1:1", "--enable-grpc-gateway=false"],
    says: "--listen-console-urls needs --enable-grpc-gateway",
  },
  { words: ["--console-writes", "--enable-console=false"], says: "--console-writes has no use" },
]) {
  test(`${words.join(" ")} is refused`, () => {
    expect(() => settings(...words)).toThrow(says);
  });
}

for (const level of ["3.5", "3.6", "3.7"] as const) {
  test(`--api-level ${level} sets the level`, () => {
    expect(settings(`--api-level=${level}`).server.apiLevel).toBe(level);
  });
}

test("a level that is none of etcd's known releases is refused", () => {
  expect(() => parseCommandLine(["--api-level=3.4"])).toThrow("expected one of 3.5, 3.6, 3.7");
});

test("a member with a name and without an initial cluster is its own cluster", () => {
  expect(settings("--name=a").server.initialCluster).toEqual([{ name: "a", peerUrls: ["http://localhost:2380"] }]);
});

test("an existing member ignores the settings for a new cluster", () => {
  mkdirSync(join(directory, "begun", "member", "wal"), { recursive: true });
  writeFileSync(join(directory, "begun", "member", "wal", "CURRENT"), "");
  const words = [`--data-dir=${join(directory, "begun")}`, "--initial-cluster=b=http://b:1", "--name=a"];
  expect(settings(...words, "--initial-cluster-state=existing").server.name).toBe("a");
});

test("members are found in the DNS if a domain is set", () => {
  const { server } = settings("--discovery-srv=example.com", "--discovery-srv-name=blue");
  expect(server.discoverySrv).toEqual({ domain: "example.com", serviceName: "blue" });
});

test("flags make a member join, continue alone, or skip the strict check of changes", () => {
  const { server } = settings(
    "--initial-cluster-state=existing",
    "--force-new-cluster",
    "--strict-reconfig-check=false",
  );
  expect(server).toMatchObject({
    initialClusterState: "existing",
    forceNewCluster: true,
    strictReconfigCheck: false,
  });
});

test("an initial cluster may list its members in any order", () => {
  const { server } = settings("--initial-cluster=b=http://b:1,default=http://localhost:2380,b=http://a:1");
  expect(server.initialCluster).toEqual([
    { name: "b", peerUrls: ["http://a:1", "http://b:1"] },
    { name: "default", peerUrls: ["http://localhost:2380"] },
  ]);
});

for (const { words, want } of [
  { words: ["--auto-compaction-retention=1"], want: { mode: "periodic", retentionMs: 3_600_000 } },
  { words: ["--auto-compaction-retention=5m"], want: { mode: "periodic", retentionMs: 300_000 } },
  {
    words: ["--auto-compaction-mode=revision", "--auto-compaction-retention=1000"],
    want: { mode: "revision", retention: 1000 },
  },
  { words: ["--auto-compaction-mode=revision"], want: undefined },
]) {
  test(`"${words.join(" ")}" sets the compaction`, () =>
    expect(settings(...words).server.autoCompaction).toEqual(want));
}

test("socket files and IPv6 addresses can be listened on", () => {
  const urls = "--listen-client-urls=unix:///tmp/x,http://[::1]:1";
  expect(settings(urls, "--advertise-client-urls=http://h:1").listenClients).toEqual([
    { url: "http://[::1]:1", address: { kind: "tcp", host: "::1", port: 1 } },
    { url: "unix:///tmp/x", address: { kind: "socket", path: "/tmp/x" } },
  ]);
});

for (const { words, message } of [
  {
    words: ["--listen-client-urls=http://a.b:1", "--advertise-client-urls=http://a:1"],
    message: "expected IP in URL for binding (http://a.b:1)",
  },
  {
    words: ["--listen-client-urls=http://127.0.0.1:1"],
    message: "--advertise-client-urls is required when --listen-client-urls is set explicitly",
  },
  {
    words: ["--initial-advertise-peer-urls=http://:1"],
    message: '--initial-advertise-peer-urls "http://:1" must be "host:port" (unexpected empty host)',
  },
  { words: ["--heartbeat-interval=0"], message: "--heartbeat-interval must be >0 (set to 0ms)" },
  { words: ["--election-timeout=0"], message: "--election-timeout must be >0 (set to 0ms)" },
  {
    words: ["--election-timeout=100"],
    message: "--election-timeout[100ms] should be at least as 5 times as --heartbeat-interval[100ms]",
  },
  {
    words: ["--election-timeout=60000"],
    message: "--election-timeout[60000ms] is too long, and should be set less than 50000ms",
  },
  { words: ["--auto-compaction-mode=foo"], message: 'unknown auto-compaction-mode "foo"' },
  {
    words: ["--auto-compaction-retention=xx"],
    message: 'invalid auto-compaction-retention "xx": expected a duration, or a number of hours',
  },
  {
    words: ["--auto-compaction-retention=-1h"],
    message: 'invalid auto-compaction-retention "-1h": expected a duration, or a number of hours',
  },
  {
    words: ["--auto-compaction-mode=revision", "--auto-compaction-retention=5m"],
    message: 'invalid auto-compaction-retention "5m": expected a number of revisions',
  },
  {
    words: ["--experimental-enable-lease-checkpoint-persist", "--api-level=3.5"],
    message: "setting experimental-enable-lease-checkpoint-persist requires experimental-enable-lease-checkpoint",
  },
  { words: ["--metrics=foo"], message: 'invalid value "foo" for --metrics: expected basic or extensive' },
  {
    words: ["--log-skip-entry=17,0"],
    message: 'invalid value "0" for --log-skip-entry: expected the index of an entry, from 1',
  },
  { words: ["--logger=foo"], message: 'unknown logger option "foo"' },
  { words: ["--log-outputs=default,stdout"], message: 'multi logoutput for "default" is not supported yet' },
  {
    words: ["--log-outputs=systemd/journal,a.log"],
    message: 'running with systemd/journal but other \'--log-outputs\' values (["systemd/journal" "a.log"]) are ',
  },
  {
    words: ["--log-level=foo"],
    message: 'unrecognized log level "foo": expected debug, info, warn, error, panic or fatal',
  },
  {
    words: ["--experimental-compact-hash-check-time=0s"],
    message: "--compact-hash-check-time must be >0 (set to 0s)",
  },
  ...["", "--log-outputs=stderr,stdout", "--log-outputs=a.log,b.log"].map((outputs) => ({
    words: ["--enable-log-rotation", ...(outputs === "" ? [] : [outputs])],
    message: "--log-outputs requires a single file path when --log-rotate-config-json is defined",
  })),
  ...[
    ["{", "improperly formatted log rotation config: "],
    ["[]", "invalid log rotation config: expected an object"],
    ['{"maxsize": "1"}', "invalid log rotation config: maxsize: expected a whole number from 0"],
    ['{"MaxAge": -1}', "invalid log rotation config: maxage: expected a whole number from 0"],
    ['{"compress": 1}', "invalid log rotation config: compress: expected true or false"],
    ['{"maxsizes": 1}', "invalid log rotation config: unknown key maxsizes, expected maxsize, maxage, "],
  ].map(([json = "", message = ""]) => ({
    words: ["--enable-log-rotation", "--log-outputs=a.log", `--log-rotation-config-json=${json}`],
    message,
  })),
  {
    words: ["--initial-cluster=default=http://localhost:2380", "--discovery-srv=example.com", "--api-level=3.5"],
    message:
      "multiple discovery or bootstrap flags are set. " +
      'Choose one of "initial-cluster", "discovery" or "discovery-srv"',
  },
  {
    words: ["--initial-cluster=b"],
    message: "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: ",
  },
]) {
  test(`"${words.join(" ")}" is refused`, () => expect(() => settings(...words)).toThrow(message));
}

test("two spellings of an IPv6 address are one listener", () => {
  const { listenClients } = settings(
    "--listen-client-urls=http://[::1]:2379,https://[0:0:0:0:0:0:0:1]:2379",
    "--advertise-client-urls=http://localhost:2379",
    "--auto-tls",
  );
  const [one, other] = listenClients.map(({ address }) => address);
  expect(one).toEqual({ kind: "tcp", host: "::1", port: 2379 });
  expect(other).toEqual(one);
});

for (const level of ["INFO", "Info", ""]) {
  test(`the log level ${JSON.stringify(level)} is info`, () => {
    expect(settings(`--log-level=${level}`).log.level).toBe("info");
  });
}

test("--threads is 1 by default, and a number that the server cannot use is refused", () => {
  expect(settings().threads).toBe(1);
  expect(settings("--threads=2").threads).toBe(2);
  for (const wrong of ["0", "65", "two", "-1", "", "1e1"]) {
    const text = `invalid value "${wrong}" for --threads: expected auto, or a number from 1 to 64`;
    expect(() => settings(`--threads=${wrong}`)).toThrow(text);
  }
});

const discovery = ["--discovery-token=t", "--discovery-endpoints=127.0.0.1:1,127.0.0.1:2"];

test("v3 discovery has etcd's defaults, and its token is that of the cluster", () => {
  const { server, discovery: found } = settings(...discovery, "--name=a");
  expect(found).toEqual({
    ...{ token: "t", endpoints: ["127.0.0.1:1", "127.0.0.1:2"], dialTimeoutMs: 2_000, requestTimeoutMs: 5_000 },
    ...{ keepAliveTimeMs: 2_000, keepAliveTimeoutMs: 6_000 },
  });
  expect([server.discoveryToken, server.initialClusterToken]).toEqual(["t", "t"]);
  expect(settings().discovery).toBeUndefined();
});

for (const { words, want } of [
  { words: ["--discovery-user=u:p:q"], want: { user: { user: "u", password: "p:q" } } },
  { words: ["--discovery-user=u:p", "--discovery-password=q"], want: { user: { user: "u:p", password: "q" } } },
  {
    words: ["--discovery-insecure-transport=false"],
    want: { tls: { cert: "", key: "", cacert: "", skipVerify: false } },
  },
  {
    words: ["--discovery-cacert=ca.pem", "--discovery-cert=c.pem", "--discovery-key=k.pem"],
    want: { tls: { cert: "c.pem", key: "k.pem", cacert: "ca.pem", skipVerify: false } },
  },
  {
    words: ["--discovery-insecure-skip-tls-verify"],
    want: { tls: { cert: "", key: "", cacert: "", skipVerify: true } },
  },
]) {
  test(`v3 discovery with ${words.join(" ")}`, () => {
    expect(settings(...discovery, ...words).discovery).toMatchObject(want);
  });
}

for (const { words, message } of [
  { words: ["--discovery-token=t"], message: "both --discovery-token and --discovery-endpoints must be set" },
  { words: ["--discovery-endpoints=a:1"], message: "both --discovery-token and --discovery-endpoints must be set" },
  {
    words: ["--discovery-token=t", "--discovery-endpoints=a:1,,b:1"],
    message: "--discovery-endpoints must not contain empty endpoints",
  },
  { words: [...discovery, "--discovery-user=u"], message: "--discovery-user needs a password" },
  { words: [...discovery, "--discovery-cert=c"], message: "--discovery-cert and --discovery-key must be set together" },
  ...[
    { level: "3.5", choices: '"initial-cluster", "discovery" or "discovery-srv"' },
    { level: "3.6", choices: '"initial-cluster", "discovery", "discovery-endpoints" or "discovery-srv"' },
    { level: "3.7", choices: '"initial-cluster", "discovery-endpoints" or "discovery-srv"' },
  ].flatMap(({ level, choices }) =>
    ["--discovery-srv=example.com", "--initial-cluster=default=http://localhost:2380"].map((other) => ({
      words: [...discovery, other, `--api-level=${level}`],
      message: `multiple discovery or bootstrap flags are set. Choose one of ${choices}`,
    })),
  ),
]) {
  test(`"${words.join(" ")}" is refused, whoever finds whom`, () => {
    expect(() => settings(...words)).toThrow(message);
  });
}

test("--log-format: etcd's text for an unknown format", () => {
  expect(() => settings("--log-format=xml")).toThrow("unknown log format: xml, supported values json, console");
  expect(settings("--log-format=console").log.format).toBe("console");
});

for (const { url, address } of [
  { url: "unix:/run/etcd.sock", address: { kind: "socket", path: "/run/etcd.sock" } },
  { url: "unixs:/run/etcd.sock", address: { kind: "socket", path: "/run/etcd.sock" } },
  { url: "unix:///run/etcd.sock", address: { kind: "socket", path: "/run/etcd.sock" } },
  { url: "unix://etcd.sock", address: { kind: "socket", path: "etcd.sock" } },
]) {
  test(`client URLs may be ${url}, to listen on and to advertise`, () => {
    const { listenClients, server } = settings(
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      "--auto-tls",
    );
    expect([listenClients, server.advertiseClientUrls]).toEqual([[{ url, address }], [url]]);
  });
}

for (const { level, forms } of [
  { level: "3.5", forms: '"host:port"' },
  { level: "3.6", forms: '"host:port"' },
  { level: "3.7", forms: 'in the format "host:port", "unix:/path/to/socket" or "unixs:/path/to/socket"' },
]) {
  test(`a client URL without a host is refused with the words of level ${level}`, () => {
    const message = `--advertise-client-urls "http://:1" must be ${forms} (unexpected empty host)`;
    expect(() => settings("--advertise-client-urls=http://:1", `--api-level=${level}`)).toThrow(message);
  });
}
