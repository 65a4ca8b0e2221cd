import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

// Tests the rules for rooms and the rules of style that a program can check. Biome and the compiler check the others.

const root = fileURLToPath(new URL("..", import.meta.url));
const columns = 120;
const lines = 450;

/** The rooms on each floor, from the ground up. Rooms on one floor do not import each other. */
const floors = [
  ["base"],
  ["raft", "backend", "bolt", "wire", "http2", "tls", "threads", "cli"],
  ["wal", "mvcc", "lease", "auth", "cluster", "client", "etcdwal"],
  ["apply", "transport"],
  ["server"],
  ["rpc", "utl"],
  ["proxy", "ctl", "console"],
  ["main"],
  ["embed"],
  ["testing"],
];
const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor])));
/** Rooms that may import fewer rooms than their floor allows. */
const only: Record<string, readonly string[]> = {
  raft: ["base"],
  http2: [],
  tls: ["base"],
  threads: ["base"],
  cli: ["base"],
  client: ["base", "wire", "http2"],
  utl: ["base", "bolt", "cli", "server"],
  ctl: ["base", "wire", "bolt", "cli", "client", "utl"],
  // It runs in browsers, and the other rooms use Node.
  console: [],
};
/** Rooms that nothing imports, so that they need no door. */
const withoutDoor = ["ctl", "console"];

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources = files("src").map(read);
const all = [...sources, ...[...files("test"), ...files("proto")].map(read)];
const written = all.filter(({ path }) => !isGenerated(path));

/** The modules that threads run. */
const threadModules = ["src/main/front-end-thread.ts", "src/main/consensus-thread.ts"];

/** Programs that run without compilation: those in `bin`, some of which are shell scripts, and benchmarks. */
const scripts = ["bin", "test"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (folder === "bin" || entry.name.endsWith(".mjs")))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
);

describe("floors", () => {
  test("every folder of src is a room on a floor", () => {
    const rooms = readdirSync(join(root, "src"));
    expect(rooms.filter((room) => !floorOf.has(room))).toEqual([]);
  });

  test("a file imports its own room and, through their doors, rooms on lower floors", () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports.map((target) => wrongStep(path, target)).filter((step) => step !== undefined),
    );
    expect(wrong).toEqual([]);
  });

  test("etcdctl loads the server only for commands that need it, since all others must start fast", () => {
    const early = /^import (?!type)[^;]*"[./]+(server|utl)\/index\.js";/m;
    expect(sources.filter(({ path, text }) => roomOf(path) === "ctl" && early.test(text))).toEqual([]);
  });

  test("every room has a door that begins with its contract and contains only exports", () => {
    const doors = sources.filter(({ path }) => path.endsWith("/index.ts"));
    expect(doors.map(({ path }) => roomOf(path)).sort()).toEqual(
      [...floorOf.keys()].filter((room) => !withoutDoor.includes(room)).sort(),
    );
    for (const { path, text } of doors) {
      expect(text.startsWith("/**\n"), `${path} opens with a contract`).toBe(true);
      const rest = text
        .replace(/\/\*\*[\s\S]*?\*\//g, "")
        .replace(/^export (type )?(\*( as \w+)?|\{[^}]*\}) from "[^"]+";$/gm, "")
        .trim();
      expect(rest, `${path} holds only exports`).toBe("");
    }
  });

  test("no files import each other in a circle, types and import() included", () => {
    expect(circles(new Map(all.map(({ path, imports }) => [path, imports])))).toEqual([]);
  });

  test("a circle is found from any file that leads into it", () => {
    const imports: [string, string[]][] = [
      ["entrance", ["a"]],
      ["a", ["b", "leaf"]],
      ["b", ["c"]],
      ["c", ["a"]],
      ["itself", ["itself"]],
      ["leaf", []],
    ];
    expect(circles(new Map(imports))).toEqual([["a", "b", "c"], ["itself"]]);
  });

  test("no file is dead", () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const target of sources.find((source) => source.path === path)?.imports ?? []) visit(target);
    };
    const entrances = [
      "main/etcd",
      "ctl/main",
      "utl/main",
      "client/index",
      "client/http",
      "embed/index",
      "testing/index",
    ];
    const modules = [...entrances.map((name) => `src/${name}.ts`), "src/console/main.tsx", ...threadModules];
    for (const entrance of modules) visit(entrance);
    expect(sources.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  test("every exported value is used in another file", () => {
    const bin = readdirSync(join(root, "bin")).map((name) => ({ path: `bin/${name}`, text: textOf(`bin/${name}`) }));
    const filesOf = new Map<string, Set<string>>();
    for (const { path, text } of [...all, ...bin]) {
      for (const [word] of text.matchAll(/\w+/g)) filesOf.set(word, (filesOf.get(word) ?? new Set()).add(path));
    }
    const exported = /^export (?:async )?(?:abstract )?(?:function\*?|class|const|let) (\w+)/gm;
    const own = sources.filter(({ path }) => !isGenerated(path));
    const unused = own.flatMap(({ path, text }) =>
      [...text.matchAll(exported)].flatMap(([, name = ""]) =>
        filesOf.get(name)?.size === 1 ? [`${path}: ${name}`] : [],
      ),
    );
    expect(unused).toEqual([]);
  });
});

describe("the map", () => {
  const map = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  /** The names in backticks in the list under each heading of a wing, such as `raft-node` under "### server/log". */
  const mapped = new Map(
    [...map.matchAll(/^### ((?:server|rpc)\S*)\n(.*?)(?=^#)/gms)].map(([, wing = "", text = ""]) => [
      wing,
      new Set(Array.from(text.matchAll(/`([a-z][\w-]*)`/g), ([, name = ""]) => name)),
    ]),
  );
  const housed = sources.filter(({ path }) => /^src\/(server|rpc)\//.test(path) && !path.endsWith("/index.ts"));
  const wingOf = (path: string): string => dirname(path).replace(/^src\//, "");

  test("ARCHITECTURE.md lists every file of server and rpc under its wing", () => {
    const lost = housed.filter(({ path }) => mapped.get(wingOf(path))?.has(basename(path, ".ts")) !== true);
    expect(lost.map(({ path }) => path)).toEqual([]);
  });

  test("ARCHITECTURE.md lists only existing files of server and rpc", () => {
    const there = new Set(housed.map(({ path }) => `${wingOf(path)}/${basename(path, ".ts")}`));
    const gone = [...mapped].flatMap(([wing, names]) =>
      [...names].map((name) => `${wing}/${name}`).filter((path) => !there.has(path)),
    );
    expect(gone).toEqual([]);
  });
});

test("docs/internals/releases.md names a test for each row, and only existing files", () => {
  const rows = textOf("docs/internals/releases.md")
    .split("\n")
    .filter((line) => /^\| (?!what)[^-]/.test(line));
  const named = rows.map((row) => Array.from(row.matchAll(/`(test\/[^`]+)`/g), ([, path = ""]) => path));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((paths) => paths.length === 0)).toEqual([]);
  expect(named.flat().filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe("style", () => {
  test(`lines have at most ${columns} columns, and files at most ${lines} lines`, () => {
    const wide = written.flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, at) => (line.length > columns ? [`${path}:${at + 1}`] : [])),
    );
    const long = written.filter(({ text }) => text.split("\n").length > lines).map(({ path }) => path);
    expect({ wide, long }).toEqual({ wide: [], long: [] });
  });

  test("there are no default exports, open to-dos or disabled tests", () => {
    const marks = /^export default|\b(TODO|FIXME|XXX)\b|@ts-ignore|@ts-expect-error|@ts-nocheck/m;
    const allowed = ["test/tidy.test.ts"];
    expect(
      written.filter(({ path, text }) => marks.test(text) && !allowed.includes(path)).map(({ path }) => path),
    ).toEqual([]);
  });

  test("no comment begins with a word that stands for a noun elsewhere", () => {
    const riddle = /^(Of|Else|Whoever|So much|What)\b/;
    const open = [...written, ...scripts].flatMap(({ path, text }) =>
      commentsOf(text).flatMap(({ line, words }) => (riddle.test(words) ? [`${path}:${line} ${words}`] : [])),
    );
    expect(open).toEqual([]);
  });

  test("a rule that is in base is not written again", () => {
    const rules = [
      { place: "src/base/key-range.ts", written: /[!=]== "\\0"|\\0`/ },
      {
        place: "src/base/timeouts.ts",
        written: /\(resolve\) => (\w+\.|this\.#)*(setTimeout|clock\.after)\(|Timeout\(resolve\b/i,
      },
      { place: "src/base/error-text.ts", written: /instanceof Error \? \(?\w+\.(message|stack)|new Error\(String\(/ },
    ];
    const again = rules.flatMap(({ place, written: rule }) =>
      sources.filter(({ path, text }) => path !== place && rule.test(text)).map(({ path }) => `${path}: see ${place}`),
    );
    expect(again).toEqual([]);
  });

  test("no test sleeps", () => {
    const sleeping =
      /setTimeout\(\s*(resolve|r|done)\b|\bsleep\(|setTimeout\b[^;]*from "node:timers\/promises"|scheduler\.wait/;
    // These tests need time: for the length of faults, and between renewals of leases and retries of writes.
    const atIntervals = ["faults/faults.test.ts", "faults/clients.ts", "e2e/stopped-leader.test.ts", "e2e/load.ts"];
    const allowed = ["test/tidy.test.ts", ...atIntervals.map((path) => `test/${path}`)];
    const tests = written.filter(({ path }) => path.startsWith("test/") && !allowed.includes(path));
    expect(tests.filter(({ text }) => sleeping.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("nothing is left to the next file of the same process, which has the same id", () => {
    const rules = [
      // Two files of one process would use the same folder, socket or address.
      { wrong: /(?<![.\w])process\.pid\b/ },
      { wrong: /vi\.useFakeTimers\(/, undone: /afterEach\([^;]*\bvi\.useRealTimers\(\)|vi\.useRealTimers\(\);\n\}\);/ },
      { wrong: /process\.chdir\(/, undone: /afterAll\(\(\) => \{\n *process\.chdir\(/ },
      // `vi.stubEnv` is undone after each test.
      { wrong: /(?<![.\w])process\.env(\.\w+|\[[^\]]+\]) *(\?\?)?= |delete process\.env\b/ },
      // `freePort` chooses a port that no other test gets, below those that the kernel gives to outgoing connections.
      { wrong: /\.listen\(\d\d/ },
    ];
    const tests = written.filter(({ path }) => path.startsWith("test/") && path !== "test/tidy.test.ts");
    const left = tests.filter(({ text }) => rules.some(({ wrong, undone }) => wrong.test(text) && !undone?.test(text)));
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  test("a file that replaces modules has a process of its own", () => {
    const [, alone = ""] = /const alone = \[([^\]]*)\];/.exec(textOf("vitest.config.ts")) ?? [];
    const replacing = all.filter(({ path, text }) => path.startsWith("test/") && /\bvi\.(mock|doMock)\(/.test(text));
    const sharing = replacing.filter(
      ({ path }) => ![path, path.split("/")[1]].some((name) => alone.includes(`"${name}"`)),
    );
    expect(sharing.map(({ path }) => path)).toEqual([]);
  });

  test("no file or page contains marks of a conflict that nobody resolved", () => {
    const pages = ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].concat(
      readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
        .map((name) => `docs/${name}`),
    );
    const texts = [...all, ...scripts, ...pages.map((path) => ({ path, text: textOf(path) }))];
    expect(texts.filter(({ text }) => /^(<{7}|>{7}) /m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("no file contains paths of a machine or registry hosts", () => {
    const foreign = /\/(work|root|home)\/|npmjs\.org|debian\.org/;
    const allowed = ["test/tidy.test.ts"];
    expect(
      written.filter(({ path, text }) => foreign.test(text) && !allowed.includes(path)).map(({ path }) => path),
    ).toEqual([]);
  });
});

/** The first words of all comments. Successive lines of `//`, or of `#` in a shell script, are one comment. */
function commentsOf(text: string): { readonly line: number; readonly words: string }[] {
  const opening = /(?<=^|\s)(?:\/\*\*?|\/\/|#(?=\s))[ \t]*(?:\n[ \t]*\*[ \t]*)?(\S.*)/gm;
  const continued = /(?:^|\n)[ \t]*(\/\/|#).*\n[ \t]*$/;
  return [...text.matchAll(opening)]
    .filter(({ 0: all, index }) => {
      const before = text.slice(0, index);
      const mark = continued.exec(before.slice(before.lastIndexOf("\n", before.lastIndexOf("\n") - 1) + 1))?.[1];
      return mark === undefined || !all.startsWith(mark);
    })
    .map(({ 1: words = "", index }) => ({ line: text.slice(0, index).split("\n").length, words }));
}

function wrongStep(path: string, target: string): string | undefined {
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === to) return undefined;
  const allowed = only[from]?.includes(to) ?? (floorOf.get(to) ?? 0) < (floorOf.get(from) ?? 0);
  return allowed && target === `src/${to}/index.ts` ? undefined : `${path} -> ${target}`;
}

/** The strongly connected components with several files (Tarjan's algorithm), and files that import themselves. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const reach = (path: string): number => {
    let lowest = order.size;
    const own = lowest;
    order.set(path, own);
    open.push(path);
    for (const target of imports.get(path) ?? []) {
      const seen = order.get(target);
      if (seen === undefined) lowest = Math.min(lowest, reach(target));
      else if (open.includes(target)) lowest = Math.min(lowest, seen);
    }
    if (lowest === own) {
      const circle = open.splice(open.indexOf(path));
      if (circle.length > 1 || imports.get(path)?.includes(path)) found.push(circle.sort());
    }
    return lowest;
  };
  for (const path of imports.keys()) if (!order.has(path)) reach(path);
  return found.sort();
}

function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function isGenerated(path: string): boolean {
  return path.includes("/generated/");
}

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function read(path: string): Source {
  const text = textOf(path);
  const imports = [...text.matchAll(/(?:from|import\(?)\s*"(\.[^"]+)\.js"/g)].flatMap(([, specifier]) =>
    [".ts", ".tsx"].map((ending) => relative(root, resolve(dirname(join(root, path)), `${specifier}${ending}`))),
  );
  return { path, text, imports: imports.filter((target) => existsSync(join(root, target))) };
}
