import { expect, test } from "vitest";
import { parseCommandLine } from "../../src/main/command-line.js";
import { applyEnvironment } from "../../src/main/environment.js";

function apply(words: readonly string[], environment: Record<string, string>) {
  const { values, given } = parseCommandLine(words);
  const notes = applyEnvironment(values, given, environment);
  return { values, notes };
}

test("a variable sets a value if no flag does, and is logged", () => {
  const { values, notes } = apply([], { ETCD_NAME: "a", ETCD_PRE_VOTE: "f", PATH: "/bin" });
  expect(values.text("name")).toBe("a");
  expect(values.boolean("pre-vote")).toBe(false);
  expect(notes.map((note) => [note.level, note.message, note.fields["variable-name"]])).toEqual([
    ["info", "recognized and used environment variable", "ETCD_NAME"],
    ["info", "recognized and used environment variable", "ETCD_PRE_VOTE"],
  ]);
});

test("an unknown variable causes a warning without its value", () => {
  const { notes } = apply([], { ETCD_ROOT_PASSWORD: "secret", ETCD_NAME: "" });
  expect(notes).toEqual([
    {
      level: "warn",
      message: "unrecognized environment variable",
      fields: { "environment-variable": "ETCD_ROOT_PASSWORD" },
    },
    { level: "warn", message: "unrecognized environment variable", fields: { "environment-variable": "ETCD_NAME" } },
  ]);
});

test("ETCD_VERSION is not --version", () => {
  const { values, notes } = apply([], { ETCD_VERSION: "true" });
  expect(values.boolean("version")).toBe(false);
  expect(notes.map((note) => note.message)).toEqual(["cannot set special environment variable"]);
});

for (const { name, words, environment, message } of [
  {
    name: "a flag and its variable",
    words: ["--name=a"],
    environment: { ETCD_NAME: "b" },
    message: /^conflicting environment variable is shadowed .*: ETCD_NAME$/,
  },
  {
    name: "a flag and its empty variable",
    words: ["--name=a"],
    environment: { ETCD_NAME: "" },
    message: /^conflicting environment variable is shadowed/,
  },
  {
    name: "a value of another type than the flag expects",
    words: [],
    environment: { ETCD_MAX_TXN_OPS: "zz" },
    message: /^invalid value "zz" for ETCD_MAX_TXN_OPS: expected a whole number from 0$/,
  },
  {
    name: "a flag that is not supported",
    words: [],
    environment: { ETCD_DISCOVERY: "x" },
    message: /^--discovery is not supported: v2 discovery is gone/,
  },
]) {
  test(`${name} is refused`, () => {
    expect(() => apply(words, environment)).toThrow(message);
  });
}

test("variables of other versions are unrecognized, and those that only tune cause a warning", () => {
  const variables = {
    ...{ ETCD_DEBUG: "true", ETCD_LOG_PACKAGE_LEVELS: "x" },
    ...{ ETCD_MEMORY_MLOCK: "true", ETCD_ENABLE_V2: "true", ETCD_PROXY: "off", ETCD_MAX_WALS: "" },
  };
  const { notes } = apply([], variables);
  const of = (message: string, field: string) =>
    notes.filter((note) => note.message === message).map(({ fields }) => fields[field]);
  expect(of("unrecognized environment variable", "environment-variable")).toEqual(
    expect.arrayContaining(["ETCD_DEBUG", "ETCD_LOG_PACKAGE_LEVELS"]),
  );
  expect(of("setting has no effect on this server", "setting").sort()).toEqual(["enable-v2", "memory-mlock"]);
});
