import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectTypeOf, test } from "vitest";
import { parseDuration } from "../../src/base/index.js";
import type { EtcdSettings } from "../../src/embed/index.js";
import { flagsOf } from "../../src/embed/options.js";
import { flagTable } from "../../src/main/index.js";

// Tests that the settings of an embedded member are the flags of the command, and that each is documented.

type Flag = (typeof flagTable)[number];

/** Flags that have no meaning inside another program. */
type CommandFlag = "config-file" | "version" | "memory" | "threads" | "port" | "data-dir";
const commandFlags: ReadonlySet<string> = new Set<CommandFlag>([
  "config-file",
  "version",
  "memory",
  "threads",
  "port",
  "data-dir", // an option of its own, since its default is another one
]);

type SettingFlag = Exclude<Flag, { name: CommandFlag } | { group: "Logging" | "Old names" }>;

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

type ChoiceOf<One> = One extends { readonly choices: readonly (infer Choice)[] } ? Choice : never;

type Value<One extends Flag> = {
  string: string;
  boolean: boolean;
  count: number;
  uint32: number;
  integer: number;
  duration: number | string;
  urls: string | readonly string[];
  list: string | readonly string[];
  choice: ChoiceOf<One>;
  gates: string;
}[One["kind"]];

type Settings = { readonly [One in SettingFlag as Camel<One["name"]>]?: Value<One> | undefined };

/** Settings whose default is another one than that of the flag. */
const otherDefaults: ReadonlySet<string> = new Set([
  "listen-peer-urls",
  "listen-client-urls",
  "advertise-client-urls",
  "initial-cluster",
  "enable-console",
]);

const folder = join(import.meta.dirname, "../../src/embed");
const source = ["settings.ts", "security-settings.ts", "feature-settings.ts", "discovery-settings.ts"]
  .map((name) => readFileSync(join(folder, name), "utf8"))
  .join("");
const documented = new Map(
  [...source.matchAll(/ {2}\/\*\*\n((?: {3}\*.*\n)+?) {3}\*\/\n {2}readonly (\w+)\?:/g)].map(([, text = "", name]) => {
    const plain = text.replaceAll(/^ {3}\* ?/gm, "");
    const [, says = "", initial = ""] = /^(.*)@defaultValue (.*)$/s.exec(plain.trim()) ?? [];
    return [name, { says: says.replaceAll("\n", " "), initial }] as const;
  }),
);

test("the settings are the flags of the command, with types by their kind", () => {
  expectTypeOf<{ [Name in keyof EtcdSettings]: EtcdSettings[Name] }>().toEqualTypeOf<Settings>();
});

const groups: ReadonlySet<string> = new Set(["Logging", "Old names"]);
const flags = flagTable.filter(({ name, group }) => !groups.has(group) && !commandFlags.has(name));
for (const flag of flags) {
  const setting = flag.name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  test(`${setting} has a docstring with its unit and default`, () => {
    const { says, initial } = documented.get(setting) ?? { says: "", initial: "" };
    expect(says.length).toBeGreaterThan(10);
    expect(says).not.toContain("--");
    const counted = ["count", "uint32", "integer"].includes(flag.kind);
    if (counted) expect(says).toMatch(/\b(number|bytes|milliseconds|seconds|years|cost)\b/i);
    if (otherDefaults.has(flag.name) || flag.initial === "") expect(initial).not.toBe("");
    else expect(initial).toBe(defaultOf(flag));
  });
}

function defaultOf({ kind, initial }: Flag): string {
  if (kind === "duration") return String(parseDuration(initial));
  return ["string", "choice", "list"].includes(kind) ? JSON.stringify(initial) : initial;
}

test("every setting is a flag", () => {
  expect(documented.size).toBe(flags.length);
});

test("a member in a program serves the console only if the program says so", () => {
  expect(flagsOf({}).boolean("enable-console")).toBe(false);
  expect(flagsOf({ enableConsole: true }).boolean("enable-console")).toBe(true);
});
