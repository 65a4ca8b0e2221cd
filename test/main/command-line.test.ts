import { expect, test } from "vitest";
import { parseCommandLine } from "../../src/main/command-line.js";
import type { Flag } from "../../src/main/flag.js";
import { findFlag, flagTable } from "../../src/main/flag-table.js";
import { faultOf } from "../../src/main/flag-values.js";
import { helpText } from "../../src/main/help.js";
import { findOtherFlag, otherFlags } from "../../src/main/other-flags.js";

for (const { name, words, want } of [
  { name: "one dash and a word", words: ["-name", "a"], want: "a" },
  { name: "two dashes and a word", words: ["--name", "a"], want: "a" },
  { name: "one dash and an equals sign", words: ["-name=a"], want: "a" },
  { name: "two dashes and an equals sign", words: ["--name=a=b"], want: "a=b" },
  { name: "an empty value", words: ["--name="], want: "" },
  { name: "a value that looks like a flag", words: ["--name", "--data-dir"], want: "--data-dir" },
  { name: "the last of two values", words: ["--name=a", "-name", "b"], want: "b" },
]) {
  test(`a flag accepts ${name}`, () => expect(parseCommandLine(words).values.text("name")).toBe(want));
}

for (const [words, want] of [
  [["--pre-vote"], true],
  [["--pre-vote=false"], false],
  [["-pre-vote=0"], false],
  [["--pre-vote=T", "--name", "a"], true],
  [[], true],
] as const) {
  test(`--pre-vote is ${want} after "${words.join(" ")}"`, () => {
    expect(parseCommandLine(words).values.boolean("pre-vote")).toBe(want);
  });
}

for (const { words, message, syntax } of [
  { words: ["--pre-vote", "false"], message: "'false' is not a valid flag", syntax: false },
  { words: ["extra"], message: "'extra' is not a valid flag", syntax: false },
  { words: ["--", "extra"], message: "'extra' is not a valid flag", syntax: false },
  { words: ["-"], message: "'-' is not a valid flag", syntax: false },
  { words: ["--=3"], message: "bad flag syntax: --=3", syntax: true },
  { words: ["---name"], message: "bad flag syntax: ---name", syntax: true },
  { words: ["--max-txn-ops"], message: "flag needs an argument: -max-txn-ops", syntax: true },
  {
    words: ["--data-dri=x"],
    message: "flag provided but not defined: -data-dri (did you mean --data-dir?)",
    syntax: true,
  },
  { words: ["--qqqqqqq"], message: "flag provided but not defined: -qqqqqqq", syntax: true },
  {
    words: ["--pre-vote=maybe"],
    message: 'invalid boolean value "maybe" for flag -pre-vote: expected true or false',
    syntax: true,
  },
  {
    words: ["--max-txn-ops=-1"],
    message: 'invalid value "-1" for flag -max-txn-ops: expected a whole number from 0',
    syntax: true,
  },
  {
    words: ["--quota-backend-bytes=1e5"],
    message: 'invalid value "1e5" for flag -quota-backend-bytes: expected a whole number',
    syntax: true,
  },
  {
    words: ["--max-concurrent-streams=4294967296"],
    message:
      'invalid value "4294967296" for flag -max-concurrent-streams: expected a whole number from 0 to 4294967295',
    syntax: true,
  },
  {
    words: ["--grpc-keepalive-interval=5"],
    message: 'invalid value "5" for flag -grpc-keepalive-interval: expected a duration, such as "100ms" or "1h30m"',
    syntax: true,
  },
  {
    words: ["--initial-cluster-state=old"],
    message: 'invalid value "old" for flag -initial-cluster-state: expected one of new, existing',
    syntax: true,
  },
  {
    words: ["--listen-client-urls=foo"],
    message: 'invalid value "foo" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs: foo',
    syntax: true,
  },
  {
    words: ["--listen-client-urls=http://127.0.0.1"],
    message:
      'invalid value "http://127.0.0.1" for flag -listen-client-urls: ' +
      'URL address does not have the form "host:port": http://127.0.0.1',
    syntax: true,
  },
  {
    words: ["--listen-peer-urls=http://127.0.0.1:1/p"],
    message:
      'invalid value "http://127.0.0.1:1/p" for flag -listen-peer-urls: ' +
      "URL must not contain a path: http://127.0.0.1:1/p",
    syntax: true,
  },
  {
    words: ["--listen-client-urls=https://127.0.0.1"],
    message:
      'invalid value "https://127.0.0.1" for flag -listen-client-urls: ' +
      'URL address does not have the form "host:port": https://127.0.0.1',
    syntax: true,
  },
]) {
  test(`"${words.join(" ")}" is refused`, () => {
    expect(() => parseCommandLine(words)).toThrow(expect.objectContaining({ message, syntax }));
  });
}

for (const word of ["--help", "-h", "-help"]) {
  test(`${word} asks for help, with anything after it`, () => {
    expect(parseCommandLine([word, "--foo"]).help).toBe(true);
  });
}

test("a flag that etcd has removed is accepted and ignored", () => {
  const { forgotten, given } = parseCommandLine(["--force", "--snapshot=x", "--name=a"]);
  expect(forgotten).toEqual(["force", "snapshot"]);
  expect([...given]).toEqual(["force", "snapshot", "name"]);
});

for (const { name, boolean, accepts, meaning, refused } of otherFlags) {
  const verb = refused ? "is refused with the reason" : "has one warning that says what it means here";
  test(`--${name} ${verb}, unless its value is what the server does anyway`, () => {
    const number = /^\d+$/.test(accepts[0] ?? "") ? "7" : /^\d+s$/.test(accepts[0] ?? "") ? "7s" : "true";
    const value = boolean && accepts[0] === "true" ? "false" : number;
    const { refusal, idle } = parseCommandLine([`--${name}=${value}`]);
    if (!refused) expect({ refusal, idle }).toEqual({ idle: [{ name, text: value, meaning }] });
    else expect(refusal?.message).toBe(`--${name} is not supported: ${meaning}`);
    for (const same of accepts) {
      expect(parseCommandLine([`--${name}=${same}`]).refusal).toBeUndefined();
      expect(parseCommandLine([`--${name}=${same}`]).idle).toEqual([]);
    }
  });
}

for (const [word, message] of [
  ["--enable-v2=maybe", 'invalid boolean value "maybe" for flag -enable-v2: expected true or false'],
  ["--max-wals=many", 'invalid value "many" for flag -max-wals: expected a number'],
] as const) {
  test(`"${word}" is refused, although the flag has no effect`, () => {
    expect(parseCommandLine([word]).refusal?.message).toContain(message);
  });
}

test("a value that is what the server does anyway may have another spelling", () => {
  const words = ["--enable-v2=F", "--grpc-keepalive-min-time=5000ms", "--max-wals=0x5"];
  expect(parseCommandLine(words)).toMatchObject({ idle: [] });
  expect(parseCommandLine(words).refusal).toBeUndefined();
});

for (const flag of flagTable as readonly Flag[]) {
  test(`the default of --${flag.name} is a valid value`, () => {
    expect(faultOf(flag, flag.initial)).toBeUndefined();
  });
}

test("no flag is in both tables, of supported and of unsupported flags", () => {
  const names = [...flagTable, ...otherFlags].map((flag) => flag.name);
  expect(new Set(names).size).toBe(names.length);
});

/** The flags that `etcd --help` of 3.7.1 lists. */
const flagsOf37 = `
  advertise-client-urls auth-token auth-token-ttl auto-compaction-mode auto-compaction-retention auto-tls
  backend-batch-interval backend-batch-limit backend-bbolt-freelist-type bcrypt-cost
  bootstrap-defrag-threshold-megabytes cert-file cipher-suites client-cert-allowed-hostname client-cert-auth
  client-cert-file client-crl-file client-key-file compact-hash-check-time compaction-batch-limit
  compaction-sleep-interval config-file corrupt-check-time cors data-dir discovery discovery-cacert discovery-cert
  discovery-dial-timeout discovery-endpoints discovery-fallback discovery-insecure-skip-tls-verify
  discovery-insecure-transport discovery-keepalive-time discovery-keepalive-timeout discovery-key
  discovery-password discovery-proxy discovery-request-timeout discovery-srv discovery-srv-name discovery-token
  discovery-user distributed-tracing-address distributed-tracing-instance-id distributed-tracing-sampling-rate
  distributed-tracing-service-name downgrade-check-time election-timeout enable-distributed-tracing
  enable-grpc-gateway enable-log-rotation enable-pprof feature-gates force-new-cluster grpc-keepalive-interval
  grpc-keepalive-min-time grpc-keepalive-timeout heartbeat-interval host-whitelist initial-advertise-peer-urls
  initial-cluster initial-cluster-state initial-cluster-token initial-election-tick-advance key-file
  listen-client-http-urls listen-client-urls listen-metrics-urls listen-peer-urls log-format log-level log-outputs
  log-rotation-config-json logger max-concurrent-streams max-learners max-request-bytes max-snapshots max-txn-ops
  max-wals memory-mlock metrics name peer-auto-tls peer-cert-allowed-cn peer-cert-allowed-hostname peer-cert-file
  peer-client-cert-auth peer-client-cert-file peer-client-key-file peer-crl-file peer-key-file
  peer-skip-client-san-verification peer-trusted-ca-file pre-vote quota-backend-bytes raft-read-timeout
  raft-write-timeout self-signed-cert-validity snapshot-catchup-entries snapshot-count socket-reuse-address
  socket-reuse-port strict-reconfig-check tls-max-version tls-min-version trusted-ca-file unsafe-no-fsync
  v2-deprecation version wal-dir warning-apply-duration warning-unary-request-duration
  watch-progress-notify-interval
`;

test("every flag of etcd 3.7 is here, and --help gives the reason for each that does nothing or is refused", () => {
  const names = flagsOf37.trim().split(/\s+/);
  expect(names).toHaveLength(115);
  expect(names.filter((name) => findFlag(name) === undefined && findOtherFlag(name) === undefined)).toEqual([]);
  const others = names.flatMap((name) => findOtherFlag(name) ?? []);
  for (const { name, meaning } of others) {
    expect(meaning.length, name).toBeGreaterThan(15);
    expect(meaning).not.toMatch(/not supported yet|not implemented/);
    expect(helpText()).toContain(`  --${name}\n    ${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.\n`);
  }
  // v2 discovery, which 3.7 itself only lists.
  expect(others.filter(({ refused }) => refused).map(({ name }) => name)).toEqual(["discovery"]);
});
