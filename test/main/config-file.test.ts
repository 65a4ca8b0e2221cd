import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readConfigFile } from "../../src/main/config-file.js";
import { settingsOf } from "../../src/main/settings.js";

const directory = mkdtempSync(join(tmpdir(), "etcd-ts-config-"));
afterAll(() => rmSync(directory, { recursive: true }));

function read(text: string) {
  const path = join(directory, "etcd.yml");
  writeFileSync(path, text);
  return readConfigFile(path);
}

const local2379 = "http://localhost:2379";

for (const { name, text, flag, want } of [
  { name: "a string", text: "name: a", flag: "name", want: "a" },
  { name: "JSON", text: '{"name": "a"}', flag: "name", want: "a" },
  { name: "a key in another case", text: "Name: a", flag: "name", want: "a" },
  { name: "a key twice, of which the last counts", text: "name: a\nname: b", flag: "name", want: "b" },
  { name: "a number", text: "snapshot-count: 1e3", flag: "snapshot-count", want: "1000" },
  { name: "a boolean of YAML 1.1", text: "pre-vote: no", flag: "pre-vote", want: "false" },
  {
    name: "nanoseconds",
    text: "grpc-keepalive-interval: 10000000000",
    flag: "grpc-keepalive-interval",
    want: "10000000000ns",
  },
  { name: "a list", text: "log-outputs: [stderr, /tmp/x]", flag: "log-outputs", want: "stderr,/tmp/x" },
  {
    name: "a key without a value, which counts as absent",
    text: "name:\npre-vote:\ncors:",
    flag: "name",
    want: "default",
  },
  { name: "a level, which YAML reads as a number", text: "api-level: 3.6", flag: "api-level", want: "3.6" },
  { name: "an empty file", text: "", flag: "name", want: "default" },
  { name: "origins as one string", text: "cors: 'http://a:1,http://b:1'", flag: "cors", want: "http://a:1,http://b:1" },
  { name: "hosts as one string", text: "host-whitelist: 'a,b'", flag: "host-whitelist", want: "a,b" },
  { name: "an empty level, which means the default", text: "log-level: ''", flag: "log-level", want: "info" },
  {
    name: "an empty URL, which means the default",
    text: "listen-client-urls: ''",
    flag: "listen-client-urls",
    want: local2379,
  },
  {
    name: "an empty mode, which means the default",
    text: "auto-compaction-mode: ''",
    flag: "auto-compaction-mode",
    want: "periodic",
  },
  {
    name: "an empty retention, which means the default",
    text: "auto-compaction-retention: ''",
    flag: "metrics",
    want: "basic",
  },
  { name: "an empty discovery service", text: "discovery: ''\nproxy: 'off'", flag: "name", want: "default" },
  {
    name: "an empty choice, which means the default",
    text: 'initial-cluster-state: ""',
    flag: "initial-cluster-state",
    want: "new",
  },
  {
    name: "the file's own name for a flag",
    text: "experimental-snapshot-catch-up-entries: 7",
    flag: "experimental-snapshot-catchup-entries",
    want: "7",
  },
  {
    name: "a certificate in its group",
    text: "peer-transport-security:\n  cert-file: x",
    flag: "peer-cert-file",
    want: "x",
  },
  {
    name: "a group in a group",
    text: "discovery-config:\n  token: t\n  client:\n    endpoints: [a, b]\n    dial-timeout: 7000000000",
    flag: "discovery-endpoints",
    want: "a,b",
  },
  {
    name: "a value three groups deep",
    text: "discovery-config:\n  client:\n    secure:\n      insecure-transport: false\n    auth:\n      username: u",
    flag: "discovery-insecure-transport",
    want: "false",
  },
  {
    name: "switches of features",
    text: "feature-gates: LeaseCheckpoint=true",
    flag: "feature-gates",
    want: "LeaseCheckpoint=true",
  },
  { name: "options of sockets", text: "socket-options:\n  reuse-port: true", flag: "socket-reuse-port", want: "true" },
  {
    name: "a list in a group",
    text: "peer-transport-security:\n  allowed-cn: [a, b]",
    flag: "peer-cert-allowed-cn",
    want: "a,b",
  },
  {
    name: "security groups without content",
    text: "client-transport-security:\n  cert-file:\n  client-cert-auth: false\npeer-transport-security:",
    flag: "name",
    want: "default",
  },
] as const) {
  test(`a configuration file may contain ${name}`, () => {
    const { values, notes } = read(text);
    expect(values.text(flag)).toBe(want);
    expect(notes).toEqual([]);
  });
}

test("a key that etcd does not know is ignored", () => {
  const { notes } = read("foo: bar\nconfig-file: x\nname: a");
  expect(notes.map((note) => note.fields.key)).toEqual(["foo", "config-file"]);
});

test("a certificate outside of its group is ignored, as in etcd", () => {
  const { values, notes } = read("cert-file: x");
  expect(values.text("cert-file")).toBe("");
  expect(notes.map(({ fields }) => fields.key)).toEqual(["cert-file"]);
});

for (const { name, text, message } of [
  { name: "a quoted number", text: 'snapshot-count: "100"', message: "snapshot-count: expected a whole number" },
  { name: "a quoted boolean", text: 'pre-vote: "true"', message: "pre-vote: expected true or false" },
  { name: "a number for a string", text: "name: 5", message: "name: expected a string" },
  { name: "a duration with a unit", text: "grpc-keepalive-interval: 10s", message: "number of nanoseconds" },
  { name: "a string for a list", text: "log-outputs: stderr", message: "log-outputs: expected a list of strings" },
  { name: "a negative count", text: "max-txn-ops: -1", message: 'invalid value "-1" for max-txn-ops in' },
  { name: "a fraction", text: "max-txn-ops: 1.5", message: "max-txn-ops: expected a whole number" },
  { name: "an unknown state", text: "initial-cluster-state: foo", message: "expected one of new, existing" },
  {
    name: "an invalid URL",
    text: "listen-client-urls: foo",
    message: "URL scheme must be http, https, unix, or unixs: foo",
  },
  { name: "a flag that is not supported", text: "discovery: x", message: "--discovery is not supported: v2" },
  {
    name: "a string for a list in a group",
    text: "peer-transport-security:\n  allowed-cn: x",
    message: "peer-transport-security.allowed-cn: expected a list of strings",
  },
  { name: "a list", text: "- a", message: "expected keys and values in the configuration file" },
  { name: "a word", text: "hello", message: "expected keys and values in the configuration file" },
  { name: "invalid YAML", text: "a: [", message: "is neither YAML nor JSON" },
]) {
  test(`a configuration file with ${name} is refused`, () => expect(() => read(text)).toThrow(message));
}

test("a missing configuration file is refused", () => {
  expect(() => readConfigFile(join(directory, "none"))).toThrow("cannot read the configuration file: ENOENT");
});

test("keys of other versions of etcd are ignored, and those that only tune cause a warning", () => {
  const { notes, values } = read("debug: true\nlog-package-levels: x\nenable-v2: true\nmax-wals: 3\nname: a");
  expect(values.text("name")).toBe("a");
  expect(notes.map(({ message, fields }) => [message, fields.key ?? fields.setting])).toEqual([
    ...["debug", "log-package-levels"].map((key) => ["unknown key in configuration file", key]),
    ["setting has no effect on this server", "enable-v2"],
    ["setting has no effect on this server", "max-wals"],
  ]);
});

test("the sample file of etcd 3.5 is accepted at its level", () => {
  const { values, notes } = read(`
api-level: 3.5
name: 'default'
data-dir:
wal-dir:
snapshot-count: 10000
quota-backend-bytes: 0
listen-peer-urls: http://localhost:2380
max-wals: 5
cors:
discovery:
discovery-fallback: 'proxy'
discovery-proxy:
initial-cluster-token: 'etcd-cluster'
strict-reconfig-check: false
enable-v2: true
enable-pprof: true
proxy: 'off'
proxy-failure-wait: 5000
proxy-read-timeout: 0
client-transport-security:
  cert-file:
  client-cert-auth: false
peer-transport-security:
  auto-tls: false
  allowed-cn:
self-signed-cert-validity: 1
log-level: debug
log-outputs: [stderr]
auto-compaction-mode: periodic
auto-compaction-retention: "1"
`);
  expect(notes.map(({ fields }) => fields.setting)).toEqual(["enable-v2"]);
  expect(() => settingsOf(values, true)).not.toThrow();
});
