import type { Scenario } from "./scenario.js";

export const watchScenarios: readonly Scenario[] = [
  {
    name: "watching the past",
    steps: [
      "put a 1",
      "put a 2",
      "put b 1",
      "del a",
      "put ab 3",
      { run: "txn", stdin: "\nput a 5\nput b 6\ndel ab\n\n\n" },
      { run: "watch a --rev 2", lines: 12 },
      { run: "watch a --rev 3 --prev-kv", lines: 13 },
      { run: "watch --prefix a --rev 2", lines: 18 },
      { run: "watch --prefix '' --rev 1 -w json", lines: 1 },
      { run: "watch --prefix '' --rev 1 --prev-kv -w json", lines: 1 },
      { run: "watch --prefix '' --rev 1 -w fields", lines: 60 },
      { run: "watch a b --rev 2", lines: 18 },
      "watch b --from-key --rev 2",
      "watch b a --rev 2",
      "compaction 4",
      "watch a --rev 3",
      { run: "watch a --rev 4", lines: 6 },
      { run: "watch a --rev 5 --prev-kv", lines: 8 },
      "watch",
      "watch --prefix --from-key a",
    ],
  },
  {
    name: "watching interactively",
    steps: [
      "put a 1",
      "put b 2",
      { run: "watch -i", stdin: "watch a --rev 2\n", lines: 3 },
      { run: "watch -i", stdin: "nonsense\n" },
      {
        run: "watch a --rev 2 -- sh -c 'echo $ETCD_WATCH_REVISION $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY'",
        lines: 4,
      },
    ],
  },
];
