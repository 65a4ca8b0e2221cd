import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { type ApiLevel, ManualClock, silentLogger } from "../../../src/base/index.js";
import { encodeV2Store } from "../../../src/cluster/index.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import { RequestForms } from "../../../src/server/upkeep/request-form.js";
import { add, makeCluster, openBackend } from "../../cluster/fixtures.js";
import { memberOf } from "../fake-peers.js";

interface Row {
  readonly name: string;
  readonly version?: string;
  /** The versions that the other members report; undefined for those that do not answer. */
  readonly others: readonly (string | undefined)[];
  /** The form at once. */
  readonly now: "v2" | "v3" | undefined;
  /** The form after the time in which members may report their versions, by level; `now` if that is decided. */
  readonly later?: Readonly<Record<ApiLevel, "v2" | "v3">>;
}

async function forms(level: ApiLevel, { version, others }: Pick<Row, "version" | "others">, joined = true) {
  // Three entries of term 1 found the cluster; without `joined`, they have not been applied yet.
  const position = new LogPosition(joined ? 4 : 0, joined ? 2 : 1);
  position.commitTo(4);
  const cluster = makeCluster(await openBackend(), silentLogger, level);
  const members = joined ? [memberOf(1), ...others.map((_, at) => memberOf(at + 2))] : [];
  await cluster.restoreSnapshot(encodeV2Store({ members, removed: [], version }));
  const clock = new ManualClock();
  return {
    cluster,
    clock,
    position,
    forms: new RequestForms({
      level,
      cluster,
      clock,
      position,
      survey: { ofOthers: async () => others.slice(0, cluster.members().length - 1) },
    }),
  };
}

const byLevel = { "3.5": "v2", "3.6": "v3", "3.7": "v3" } as const;
const always = { "3.5": "v2", "3.6": "v2", "3.7": "v2" } as const;
const rows: readonly Row[] = [
  { name: "cluster version 3.5, whatever members report", version: "3.5.0", others: ["3.4.23", undefined], now: "v3" },
  { name: "cluster version 3.4 and a member of 3.4", version: "3.4.0", others: ["3.5.30", "3.4.23"], now: "v2" },
  { name: "cluster version 3.4, but no such member any more", version: "3.4.0", others: ["3.5.30"], now: "v3" },
  { name: "cluster version 3.4, nobody answers", version: "3.4.0", others: [undefined], now: undefined, later: always },
  { name: "cluster version 3.0 and a member of 3.7", version: "3.0.0", others: ["3.7.1", undefined], now: "v3" },
  {
    name: "cluster version 3.0, nobody answers",
    version: "3.0.0",
    others: [undefined],
    now: undefined,
    later: byLevel,
  },
  { name: "a new cluster of one", others: [], now: "v3" },
  { name: "a new cluster with a member of 3.4", others: ["3.4.23", undefined], now: "v2" },
  { name: "a new cluster with a member of 3.7", others: ["3.7.1", undefined], now: "v3" },
  { name: "a new cluster with members of 3.5 and 3.6", others: ["3.5.30", "3.6.14"], now: "v3" },
  { name: "a new cluster, one member does not answer", others: ["3.5.30", undefined], now: undefined, later: byLevel },
];

for (const level of ["3.5", "3.6", "3.7"] as const) {
  for (const row of rows) {
    test(`level ${level}: ${row.name}`, async () => {
      const { clock, forms: form } = await forms(level, row);
      expect(await form.choose()).toBe(row.now);
      clock.advance(9_999);
      expect(await form.choose()).toBe(row.now);
      clock.advance(1);
      expect(await form.choose()).toBe(row.later?.[level] ?? row.now);
    });
  }

  test(`level ${level}: a member that does not know yet who is in its cluster waits`, async () => {
    const { cluster, position, forms: form } = await forms(level, { others: ["3.7.1", "3.4.23"] }, false);
    let chosen: string | undefined;
    form.choose().then((choice) => {
      chosen = choice;
    });
    // Its own addition comes first, and the others may come in later turns of the event loop.
    for (const index of [1, 2, 3]) {
      cluster.applyConfChange(add(memberOf(index)));
      position.applyTo(index, 1);
      await setImmediate();
      expect(chosen).toBeUndefined();
    }
    position.applyTo(4, 2);
    await setImmediate();
    expect(chosen).toBe("v2");
  });
}
