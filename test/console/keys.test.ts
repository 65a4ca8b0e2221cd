import { describe, expect, test } from "vitest";
import type { TreeNode, TreePage } from "../../src/console/api/console.js";
import type { KeyValue, RangeAnswer } from "../../src/console/api/kv.js";
import { failure, type Result, success } from "../../src/console/api/result.js";
import { foldersTo } from "../../src/console/views/keys/folders.js";
import {
  earlierMax,
  type History,
  historyFrom,
  olderVersions,
  type ReadEvents,
  versionsInPage,
  withEarlierLives,
} from "../../src/console/views/keys/history.js";
import { KeyTree, nodesMax, pageSize, type TreeRow } from "../../src/console/views/keys/key-tree.js";
import {
  matchesMax,
  nameMatcher,
  namesMax,
  type SearchState,
  searchOn,
  searchStart,
} from "../../src/console/views/keys/name-search.js";

/** Answers as the server would for these keys. */
function serverOf(keys: readonly string[], separator = "/") {
  const sorted = [...keys].sort();
  return (prefix: string, after: string, limit: number, flat = false): TreePage => {
    const below = sorted.filter((key) => key.startsWith(prefix) && key !== prefix);
    const names = [
      ...new Set(
        below.map((key) => {
          const name = key.slice(prefix.length);
          const end = flat ? -1 : name.indexOf(separator);
          return end < 0 ? name : name.slice(0, end + separator.length);
        }),
      ),
    ].filter((name) => name > after);
    const nodes = names.slice(0, limit).map((name) => nodeOf(prefix, name, below, flat ? "\n" : separator));
    return { revision: 1, nodes, more: names.length > limit, count: below.length };
  };
}

function nodeOf(prefix: string, name: string, below: readonly string[], separator: string): TreeNode {
  const key = prefix + name;
  const folder = name.endsWith(separator);
  const count = folder ? below.filter((one) => one.startsWith(key)).length : 1;
  return {
    ...{ name, key, folder, present: !folder || below.includes(key), count },
    ...{ bytes: count, bytesExact: true, modRevision: 1, lease: "0" },
  };
}

/** Loads all that is wanted for the rows in view, until nothing more is. */
function load(tree: KeyTree, server: ReturnType<typeof serverOf>, first = 0, last = 50): void {
  for (let wanted = tree.wanted(first, last); wanted.length > 0; wanted = tree.wanted(first, last)) {
    for (const page of wanted) tree.receive(page, server(page.prefix, page.after, pageSize));
  }
}

function text(row: TreeRow): string {
  const indent = "  ".repeat(row.depth);
  if (row.kind !== "node") return indent + row.kind;
  return `${indent}${row.node.name}${row.open ? " open" : ""}`;
}

const rows = (tree: KeyTree): string[] => Array.from({ length: tree.rowCount }, (_, at) => text(tree.row(at)));
const numbered = (count: number, prefix = ""): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(7, "0")}`);

describe("the tree of keys", () => {
  test("is loaded level by level", () => {
    const server = serverOf(["a/1", "a/2", "b", "c/d/e"]);
    const tree = new KeyTree("");
    expect(rows(tree)).toEqual(["loading"]);
    load(tree, server);
    expect(rows(tree)).toEqual(["a/", "b", "c/"]);
    tree.open("a/", 1);
    expect(rows(tree)).toEqual(["a/ open", "  loading", "b", "c/"]);
    load(tree, server);
    expect(rows(tree)).toEqual(["a/ open", "  1", "  2", "b", "c/"]);
    tree.close("a/");
    expect(rows(tree)).toEqual(["a/", "b", "c/"]);
    expect(tree.keyCount).toBe(4);
  });

  test("opens a folder that holds nothing but a folder", () => {
    const server = serverOf(["a/b/c/1", "a/b/c/2"]);
    const tree = new KeyTree("");
    load(tree, server);
    expect(rows(tree)).toEqual(["a/ open", "  b/ open", "    c/ open", "      1", "      2"]);
  });

  test("asks for more names when the end comes into view", () => {
    const server = serverOf(numbered(pageSize * 2 + 10));
    const tree = new KeyTree("");
    load(tree, server, 0, 40);
    expect(tree.rowCount).toBe(pageSize + 1);
    expect(tree.row(pageSize)).toMatchObject({ kind: "loading", loaded: pageSize, count: pageSize * 2 + 10 });
    expect(tree.wanted(0, 40)).toEqual([]);
    expect(tree.wanted(pageSize - 10, pageSize + 1)).toEqual([{ prefix: "", page: 1, after: "0000499" }]);
    load(tree, server, pageSize - 10, pageSize + 10);
    load(tree, server, 2 * pageSize - 10, 2 * pageSize + 10);
    expect(tree.rowCount).toBe(pageSize * 2 + 10);
    expect(text(tree.row(pageSize * 2 + 9))).toBe("0001009");
  });

  test("forgets names that were in view long ago, and asks for them again", () => {
    const server = serverOf(numbered(nodesMax + 3 * pageSize));
    const tree = new KeyTree("");
    for (let first = 0; first < nodesMax + 3 * pageSize; first += pageSize) load(tree, server, first, first + pageSize);
    expect(tree.rowCount).toBe(nodesMax + 3 * pageSize);
    expect(tree.row(0).kind).toBe("forgotten");
    expect(tree.row(nodesMax).kind).toBe("node");
    expect(tree.wanted(0, 40)).toEqual([{ prefix: "", page: 0, after: "" }]);
    load(tree, server, 0, 40);
    expect(text(tree.row(0))).toBe("0000000");
  });

  test("keeps pages with an open folder, so that rows stay where they are", () => {
    const server = serverOf(["0/a", ...numbered(nodesMax + 3 * pageSize, "1")]);
    const tree = new KeyTree("");
    load(tree, server);
    tree.open("0/", 1);
    load(tree, server);
    for (let first = 0; first < nodesMax + 3 * pageSize; first += pageSize) load(tree, server, first, first + pageSize);
    expect(tree.row(0)).toMatchObject({ kind: "node", open: true });
    expect(tree.row(1)).toEqual({ kind: "forgotten", depth: 1 });
    expect(tree.row(2).kind).toBe("node");
    expect(tree.row(pageSize + 5).kind).toBe("forgotten");
    expect(tree.rowCount).toBe(nodesMax + 3 * pageSize + 2);
  });

  test("finds the row of a key that is loaded", () => {
    const server = serverOf(["a/1", "a/2", "b"]);
    const tree = new KeyTree("");
    load(tree, server);
    tree.open("a/", 1);
    load(tree, server);
    expect(tree.indexOf("a/2")).toBe(2);
    expect(tree.indexOf("b")).toBe(3);
    expect(tree.indexOf("c")).toBeUndefined();
  });

  test("shows why a folder could not be read, until it is tried again", () => {
    const tree = new KeyTree("");
    const refused = failure("denied", "permission denied", 7);
    if (!refused.ok) tree.fail("", refused.error);
    expect(tree.row(0)).toMatchObject({ kind: "failed", error: { message: "permission denied" } });
    expect(tree.wanted(0, 10)).toEqual([]);
    tree.retry("");
    expect(tree.wanted(0, 10)).toHaveLength(1);
  });

  test("says that there are no keys", () => {
    const tree = new KeyTree("none/");
    load(tree, serverOf(["a"]));
    expect(rows(tree)).toEqual(["empty"]);
  });

  test("is read anew with its folders still open", () => {
    const tree = new KeyTree("");
    load(tree, serverOf(["a/1", "b"]));
    tree.open("a/", 1);
    load(tree, serverOf(["a/1", "b"]));
    tree.refresh();
    load(tree, serverOf(["a/1", "a/3", "c"]));
    expect(rows(tree)).toEqual(["a/ open", "  1", "  3", "c"]);
  });

  test("is read again as the store changes: what is in view, with the nodes of before until then", () => {
    const tree = new KeyTree("");
    load(tree, serverOf(["a/1", "b"]));
    expect(tree.revision).toBe(1);
    const later = serverOf(["a/1", "aa", "c"]);
    tree.age(2);
    expect(rows(tree)).toEqual(["a/", "b"]);
    expect(tree.wanted(0, 10)).toEqual([{ prefix: "", page: 0, after: "" }]);
    load(tree, later);
    expect(rows(tree)).toEqual(["a/", "aa", "c"]);
    expect(tree.revision).toBe(2);
    expect(tree.wanted(0, 10)).toEqual([]);
  });

  test("finds the first keys of a prefix that had none", () => {
    const tree = new KeyTree("");
    load(tree, serverOf([]));
    expect(rows(tree)).toEqual(["empty"]);
    tree.age(2);
    load(tree, serverOf(["a"]));
    expect(rows(tree)).toEqual(["a"]);
  });

  test("leaves a folder closed that the user has closed, though it is the only one", () => {
    const server = serverOf(["a/1"]);
    const tree = new KeyTree("");
    load(tree, server);
    tree.close("a/");
    tree.age(2);
    load(tree, server);
    expect(rows(tree)).toEqual(["a/"]);
  });

  for (const { name, changed } of [
    { name: "more names", changed: ["0000000a", "0000000b", ...numbered(pageSize * 2 + 10)] },
    { name: "fewer names", changed: numbered(pageSize * 2 + 10).slice(7) },
    { name: "names for one page only", changed: numbered(5) },
    { name: "no names", changed: [] },
  ]) {
    test(`has no name twice and none too few when a page that is read again has ${name}`, () => {
      const tree = new KeyTree("");
      const all = 3 * pageSize;
      for (let first = 0; first < all; first += pageSize) load(tree, serverOf(numbered(pageSize * 2 + 10)), first, all);
      tree.age(2);
      load(tree, serverOf(changed), 0, all);
      expect(rows(tree)).toEqual(changed.length === 0 ? ["empty"] : changed.toSorted());
    });
  }

  test("drops an answer to a question from before a page was read again", () => {
    const before = serverOf(numbered(pageSize * 2 + 10));
    const tree = new KeyTree("");
    load(tree, before, 0, 40);
    const [behind] = tree.wanted(pageSize - 10, pageSize + 1);
    tree.refresh();
    const after = serverOf(["0000000a", ...numbered(pageSize * 2 + 10)]);
    load(tree, after, 0, 40);
    if (behind !== undefined) tree.receive(behind, before(behind.prefix, behind.after, pageSize));
    load(tree, after, 0, 3 * pageSize);
    expect(rows(tree)).toEqual(["0000000", "0000000a", ...numbered(pageSize * 2 + 10).slice(1)]);
  });

  test("asks for nothing in a folder that could not be read, not even for names that were forgotten", () => {
    const server = serverOf(numbered(nodesMax + 3 * pageSize));
    const tree = new KeyTree("");
    for (let first = 0; first < nodesMax + 3 * pageSize; first += pageSize) load(tree, server, first, first + pageSize);
    expect(tree.wanted(0, 40)).toHaveLength(1);
    const offline = failure("offline", "no answer");
    if (!offline.ok) tree.fail("", offline.error);
    expect(tree.wanted(0, 40)).toEqual([]);
    tree.retry("");
    expect(tree.wanted(0, 40)).toHaveLength(1);
  });

  test("knows the folders above a key", () => {
    expect(foldersTo("/registry/pods/web", "/")).toEqual(["/", "/registry/", "/registry/pods/"]);
    expect(foldersTo("a::b", "::")).toEqual(["a::"]);
    expect(foldersTo("plain", "/")).toEqual([]);
  });
});

describe("the search in names", () => {
  const search = async (keys: readonly string[], typed: string, from: SearchState = searchStart) => {
    const server = serverOf(keys);
    let last = from;
    await searchOn(
      from,
      nameMatcher(typed),
      async (after, limit) => success(server("", after, limit, true)),
      (state) => {
        last = state;
      },
    );
    return last;
  };

  test("looks at every name, whatever separators it has", async () => {
    const state = await search(["a/web/1", "b", "web"], "web");
    expect(state.found.map(({ key }) => key)).toEqual(["a/web/1", "web"]);
    expect(state).toMatchObject({ looked: 3, stopped: "end" });
  });

  test("minds capital letters only when one is typed", async () => {
    expect((await search(["Web", "web"], "web")).found).toHaveLength(2);
    expect((await search(["Web", "web"], "Web")).found).toHaveLength(1);
  });

  test("stops after enough keys, and goes on from there without a gap", async () => {
    const keys = numbered(matchesMax + 20, "x");
    const first = await search(keys, "x");
    expect(first.found).toHaveLength(matchesMax);
    expect(first).toMatchObject({ looked: matchesMax, stopped: "matches" });
    const { stopped: _, ...rest } = first;
    const second = await search(keys, "x", rest);
    expect(second).toMatchObject({ looked: matchesMax + 20, stopped: "end" });
    expect(new Set(second.found.map(({ key }) => key)).size).toBe(matchesMax + 20);
  });

  test("stops after enough names", async () => {
    let asked = 0;
    const page = (after: string, limit: number): TreePage => {
      asked += limit;
      const nodes = Array.from({ length: limit }, (_, at) => nodeOf("", `${after || "n"}${at % 10}`, [], "/"));
      return { revision: 1, nodes, more: true, count: 1e9 };
    };
    const states: SearchState[] = [];
    await searchOn(
      searchStart,
      nameMatcher("zzz"),
      async (after, limit) => success(page(after, limit)),
      (state) => {
        states.push(state);
      },
    );
    expect(states.at(-1)).toMatchObject({ looked: namesMax, stopped: "names", found: [] });
    expect(asked).toBe(namesMax);
  });

  test("shows an error with what was found before", async () => {
    const refused = failure("no-leader", "no leader", 14);
    let last: SearchState = searchStart;
    await searchOn(
      searchStart,
      nameMatcher("a"),
      async () => refused,
      (state) => {
        last = state;
      },
    );
    expect(last.stopped).toMatchObject({ message: "no leader" });
  });
});

describe("the history of a key", () => {
  /** A key that was put at these revisions; reads of revisions up to `compacted` are refused. */
  const store =
    (puts: readonly number[], compacted = 0, bytes = 1) =>
    async (at: number): Promise<Result<RangeAnswer>> => {
      const revision = at === 0 ? 1_000_000 : at;
      if (revision < compacted) return failure("refused", "etcdserver: mvcc: required revision has been compacted", 11);
      const before = puts.filter((put) => put <= revision);
      const modRevision = before.at(-1);
      const kv = (mod: number): KeyValue => ({
        ...{ key: "k", value: "v".repeat(bytes), lease: "0", createRevision: puts[0] ?? 0 },
        ...{ modRevision: mod, version: before.length },
      });
      return success({
        revision: 1_000_000,
        kvs: modRevision === undefined ? [] : [kv(modRevision)],
        more: false,
        count: 1,
      });
    };

  test("goes back to where the key was created", async () => {
    const history = await olderVersions(historyFrom(0), store([5, 9, 12]));
    expect(history.versions.map(({ modRevision }) => modRevision)).toEqual([12, 9, 5]);
    expect(history).toMatchObject({ next: undefined, end: "created" });
  });

  test("goes back to the compaction", async () => {
    const history = await olderVersions(historyFrom(0), store([5, 9, 12], 12));
    expect(history.versions.map(({ modRevision }) => modRevision)).toEqual([12]);
    const kept = await olderVersions(historyFrom(0), store([5, 9, 12], 9));
    expect(kept).toMatchObject({ next: undefined, end: "compacted" });
    expect(kept.versions).toHaveLength(2);
  });

  test("begins at a revision of the past", async () => {
    const history = await olderVersions(historyFrom(10), store([5, 9, 12]));
    expect(history.versions.map(({ modRevision }) => modRevision)).toEqual([9, 5]);
  });

  test("is read page by page", async () => {
    const puts = Array.from({ length: versionsInPage + 3 }, (_, at) => at + 2);
    const first = await olderVersions(historyFrom(0), store(puts));
    expect(first.versions).toHaveLength(versionsInPage);
    expect(first.next).toBe(4);
    const second = await olderVersions(first, store(puts));
    expect(second.versions).toHaveLength(versionsInPage + 3);
    expect(second.end).toBe("created");
  });

  test("is read in small pages when the values are long", async () => {
    const history = await olderVersions(historyFrom(0), store([2, 3, 4, 5, 6, 7], 0, 1024 * 1024));
    expect(history.versions).toHaveLength(4);
    expect(history.next).toBe(3);
  });

  test("keeps what was read when the connection fails", async () => {
    const read = store([5, 9, 12]);
    const history = await olderVersions(historyFrom(0), async (at) =>
      at === 8 ? failure("offline", "gone") : read(at),
    );
    expect(history.versions).toHaveLength(2);
    expect(history).toMatchObject({ next: 8, error: { kind: "offline" } });
  });

  /** The events of a key at these revisions, where a negative one is a deletion. Revisions below `first` are gone. */
  const events =
    (revisions: readonly number[], first = 0): ReadEvents =>
    async (after, upTo, take) => {
      if (after + 1 < first) {
        return { ok: false, error: { kind: "refused", code: 0, message: "compacted", compactRevision: first } };
      }
      for (const revision of revisions) {
        const at = Math.abs(revision);
        const kv = {
          ...{ key: "k", value: "v", lease: "0", createRevision: 0 },
          modRevision: at,
          version: revision < 0 ? 0 : 1,
        };
        if (at > after && at <= upTo && !take({ type: revision < 0 ? "delete" : "put", kv })) return success(false);
      }
      return success(true);
    };
  const shown = ({ versions }: History): number[] =>
    versions.map(({ modRevision, version }) => (version === 0 ? -modRevision : modRevision));
  const all = [2, 4, -6, 8, -9, 12];

  test("reaches back over deletions when that is asked for", async () => {
    const history = await olderVersions(historyFrom(0), store([12]));
    expect(shown(history)).toEqual([12]);
    const longer = await withEarlierLives(history, events(all));
    expect(shown(longer)).toEqual([12, -9, 8, -6, 4, 2]);
    expect(longer.end).toBe("all");
  });

  test("of a key that is deleted is found too", async () => {
    const history = await olderVersions(historyFrom(0), store([]));
    expect(history).toMatchObject({ versions: [], end: "created", revision: 1_000_000 });
    expect(shown(await withEarlierLives(history, events([2, -6])))).toEqual([-6, 2]);
  });

  test("of earlier lives ends at the compaction", async () => {
    const history = await olderVersions(historyFrom(0), store([12]));
    const longer = await withEarlierLives(history, events(all, 8));
    expect(shown(longer)).toEqual([12, -9, 8]);
    expect(longer.end).toBe("compacted");
    expect(await withEarlierLives(history, events(all, 12))).toMatchObject({
      end: "compacted",
      versions: history.versions,
    });
  });

  test("of earlier lives keeps the newest events", async () => {
    const history = await olderVersions(historyFrom(0), store([1_000]));
    const many = Array.from({ length: earlierMax + 50 }, (_, at) => at + 2);
    const longer = await withEarlierLives(history, events(many));
    expect(longer.versions).toHaveLength(1 + earlierMax);
    expect(longer.versions[1]?.modRevision).toBe(earlierMax + 51);
    expect(longer.end).toBe("compacted");
  });
});
