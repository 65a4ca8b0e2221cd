import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { configCommand } from "../../src/main/config-command.js";
import { flagTable } from "../../src/main/flag-table.js";

const directory = mkdtempSync(join(tmpdir(), "etcd-ts-config-"));
const path = join(directory, "etcd.yml");
afterAll(() => rmSync(directory, { recursive: true }));

interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly source: string;
  readonly from?: string;
}

function print(words: readonly string[], environment: Readonly<Record<string, string>> = {}): readonly Row[] {
  const { text, complaint } = configCommand(["print", "-w", "json", ...words], environment);
  if (complaint !== undefined) throw new Error(complaint);
  return JSON.parse(text);
}

test("print shows all settings in the order of the table", () => {
  const names = print([]).map(({ name }) => name);
  expect(names).toEqual(
    flagTable.map(({ name }) => name as string).filter((name) => !/^(config-file|version|experimental-.*)$/.test(name)),
  );
});

for (const { name, words = [], env = {}, file, want } of [
  { name: "name", want: { value: "default", source: "default" } },
  { name: "name", words: ["--name=a"], want: { value: "a", source: "flag", from: "--name" } },
  { name: "name", env: { ETCD_NAME: "b" }, want: { value: "b", source: "variable", from: "ETCD_NAME" } },
  { name: "name", file: "Name: c", want: { value: "c", source: "file", from: `name in ${path}` } },
  { name: "data-dir", words: ["--name=a"], want: { value: "a.etcd", source: "default" } },
  {
    name: "initial-cluster",
    words: ["--name=a"],
    want: { value: "a=http://localhost:2380", source: "default" },
  },
  { name: "quota-backend-bytes", want: { value: 2147483648, source: "default" } },
  {
    name: "backend-batch-interval",
    words: ["--backend-batch-interval", "250000us"],
    want: { value: "250ms", source: "flag", from: "--backend-batch-interval" },
  },
  { name: "pre-vote", words: ["-pre-vote=0"], want: { value: false, source: "flag", from: "--pre-vote" } },
  {
    name: "advertise-client-urls",
    words: ["--advertise-client-urls=http://b:2,http://a:1"],
    want: { value: ["http://a:1", "http://b:2"], source: "flag", from: "--advertise-client-urls" },
  },
] as const) {
  test(`print shows ${JSON.stringify(want)} for ${name}`, () => {
    if (file !== undefined) writeFileSync(path, file);
    const row = print([...words, ...(file === undefined ? [] : ["--config-file", path])], env).find(
      (one) => one.name === name,
    );
    expect(row).toEqual({ name, ...want });
  });
}

test("print separates columns by tabs for programs", () => {
  const { text } = configCommand(["print", "--name=a"], {});
  expect(text.split("\n").slice(0, 2)).toEqual(["SETTING\tVALUE\tSOURCE", "name\ta\tflag --name"]);
});

for (const { words, says, code } of [
  { words: ["print", "--foo"], says: "flag provided but not defined: -foo", code: 2 },
  { words: ["print", "-w", "xml"], says: "-w: expected table or json", code: 2 },
  { words: ["print", "--heartbeat-interval=0"], says: "--heartbeat-interval must be >0", code: 1 },
  { words: ["check"], says: "Usage:", code: 2 },
  { words: ["check", join(directory, "nothing")], says: "cannot read the configuration file", code: 1 },
  { words: ["chek", "x"], says: "Usage:", code: 2 },
]) {
  test(`${words.join(" ")} is refused`, () => {
    const { text, complaint, exitCode } = configCommand(words, {});
    expect({ text, exitCode }).toEqual({ text: "", exitCode: code });
    expect(complaint).toContain(says);
  });
}

function check(file: string) {
  writeFileSync(path, file);
  return configCommand(["check", path], {});
}

test("check counts the settings in a valid file", () => {
  expect(check("name: a\npre-vote: false\nclient-transport-security:\n")).toEqual({
    text: `${path}: 2 settings, no mistakes\n`,
  });
});

test("check reports all mistakes in the order of the file", () => {
  const { text, complaint, exitCode } = check(
    [
      "data-dri: /x",
      'snapshot-count: "5"',
      "heartbeat-interval: 100",
      "election-timeout: 200",
      "log-level: loud",
      "metrics: all",
      "client-transport-security:",
      "  cert-fil: x",
      "listen-client-urls: http://example.com:2379",
      "advertise-client-urls: http://:2379",
      "name: a",
      "Name: b",
      "log-outputs: [default, stderr]",
      "initial-cluster-state: old",
      "key-file: x",
      "cipher-suites: [NONE]",
      "tls-min-version: TLS9",
    ].join("\n"),
  );
  expect([text, exitCode]).toEqual(["", 1]);
  expect(complaint?.replaceAll(path, "").trimEnd().split("\n")).toEqual([
    ":1: unknown key data-dri; did you mean data-dir?",
    ":2: snapshot-count: expected a whole number, without quotes",
    ":4: --election-timeout[200ms] should be at least as 5 times as --heartbeat-interval[100ms]",
    ':5: unrecognized log level "loud": expected debug, info, warn, error, panic or fatal',
    ':6: invalid value "all" for --metrics: expected basic or extensive',
    ":8: unknown key client-transport-security.cert-fil; did you mean client-transport-security.cert-file?",
    ":9: expected IP in URL for binding (http://example.com:2379)",
    ':10: --advertise-client-urls "http://:2379" must be in the format "host:port", "unix:/path/to/socket" or ' +
      '"unixs:/path/to/socket" (unexpected empty host)',
    ":12: name is there twice; the last one counts",
    ':13: multi logoutput for "default" is not supported yet',
    ':14: invalid value "old" for initial-cluster-state in : expected one of new, existing',
    ":15: unknown key key-file; did you mean client-transport-security.key-file?",
    ':16: unexpected TLS cipher suite "NONE"',
    ':17: unexpected TLS version "TLS9" (must be one of: TLS1.2, TLS1.3)',
    "14 mistakes",
  ]);
});

for (const { name, file, says } of [
  { name: "invalid YAML", file: "name: [", says: "is neither YAML nor JSON" },
  { name: "a list", file: "- name", says: "expected keys and values in the configuration file" },
  {
    name: "a group without keys",
    file: "peer-transport-security: 5",
    says: "expected keys and values in peer-transport",
  },
]) {
  test(`check refuses ${name}`, () => {
    const { complaint, exitCode } = check(file);
    expect(exitCode).toBe(1);
    expect(complaint).toContain(says);
  });
}
