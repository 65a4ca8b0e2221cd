import { expect, test } from "vitest";
import { parseCommandLine } from "../../src/main/command-line.js";
import type { Flag } from "../../src/main/flag.js";
import { flagTable } from "../../src/main/flag-table.js";
import { faultOf } from "../../src/main/flag-values.js";
import { otherFlags } from "../../src/main/other-flags.js";

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
