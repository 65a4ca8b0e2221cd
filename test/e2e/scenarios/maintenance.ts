import type { Scenario } from "./scenario.js";

/** A value above the quota. Whether a smaller value still fits depends on the time of the last batch. */
const big = "x".repeat(1_200_000);

export const maintenanceScenarios: readonly Scenario[] = [
  {
    name: "a fresh member",
    steps: [
      "endpoint status",
      "endpoint status -w json",
      "endpoint status -w fields",
      "endpoint status -w table",
      "endpoint health",
      "endpoint health -w json",
      "endpoint health -w table",
      "endpoint hashkv",
      "member list",
      "member list -w json",
      "member list -w fields",
      "member list -w table",
      "member list --hex -w json",
      "member list -w protobuf",
      "alarm list",
      "alarm list -w json",
      "alarm disarm",
      "defrag",
      "get '' --prefix -w json",
      "put a 1",
      "endpoint status -w json",
      "version",
    ],
  },
  {
    name: "running out of space",
    flags: ["--quota-backend-bytes", "1000000"],
    steps: [
      "lease grant 100",
      { run: "put big", stdin: big },
      "alarm list",
      "alarm list -w json",
      "alarm list -w fields",
      "put a 1",
      { run: "txn", stdin: "\nput a 1\n\n\n" },
      { run: "txn", stdin: "\nget a\n\n\n" },
      "lease grant 100",
      "get a",
      "endpoint health",
      { run: "endpoint status -w json" },
      "lease revoke $1",
      "put a 1",
      "alarm disarm",
      "alarm list",
    ],
  },
  {
    name: "requests that are too large",
    flags: ["--max-request-bytes", "100000"],
    steps: [
      { run: "put a", stdin: "x".repeat(90_000) },
      { run: "put a", stdin: "x".repeat(100_000) },
      { run: "put a", stdin: "x".repeat(300_000) },
      { run: "put a", stdin: "x".repeat(700_000) },
      "get a --count-only -w fields",
    ],
  },
  {
    name: "what etcdctl itself refuses",
    steps: [
      "nonsense",
      "get --nonsense",
      "get a -w nonsense",
      "put a 1 --lease",
      "get a --rev x",
      "--endpoints",
      "alarm",
      "lease",
    ],
  },
  {
    name: "an endpoint that nobody serves",
    steps: [
      "get a --endpoints 127.0.0.1:1 --dial-timeout 200ms --command-timeout 500ms",
      "put a 1 --endpoints 127.0.0.1:1 --dial-timeout 200ms --command-timeout 500ms",
      { run: "endpoint health --endpoints 127.0.0.1:1 --dial-timeout 200ms --command-timeout 500ms" },
    ],
  },
];
