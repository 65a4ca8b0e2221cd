import type { Scenario, Step } from "./scenario.js";

/** A transaction typed into etcdctl: the compares, the requests if they hold, and the requests if they do not. */
function txn(compares: readonly string[], success: readonly string[], failure: readonly string[], flags = ""): Step {
  return { run: `txn ${flags}`.trim(), stdin: `${[...compares, "", ...success, "", ...failure, ""].join("\n")}\n` };
}

const compares = [
  'value("a") = "1"',
  'value("a") != "1"',
  'value("a") > "0"',
  'value("a") < "1"',
  'value("missing") = ""',
  'value("missing") != "x"',
  'ver("a") = "1"',
  'version("a") > "0"',
  'create("a") = "2"',
  'c("a") < "99"',
  'mod("a") = "2"',
  'm("a") > "2"',
  'lease("a") = "0"',
  'create("missing") = "0"',
  'ver("missing") = "0"',
  'mod("missing") > "0"',
];

export const txnScenarios: readonly Scenario[] = [
  {
    name: "compares",
    steps: ["put a 1", ...compares.map((compare) => txn([compare], ["get a"], ["get missing"]))],
  },
  {
    name: "branches",
    steps: [
      txn([], ["put a 1", "put b 2", "get a", "get --prefix ''"], []),
      txn(['value("a") = "x"'], ["del a"], ["put a 3", "get a"]),
      txn(['value("a") = "3"', 'value("b") = "2"'], ["del a --prev-kv", "put c 1", "get a"], ["get b"]),
      txn(['value("a") = "3"', 'value("b") = "nope"'], ["get a"], ["get b"]),
      txn([], [], []),
      txn([], ["get missing"], [], "-w json"),
      txn([], ["put a 1", "get a", "del b"], [], "-w json"),
      txn([], ["put a 2", "del --prefix c"], [], "-w fields"),
      txn([], ["put a 3"], [], "-w protobuf"),
      txn([], ["put a 1", "put a 2"], []),
      txn([], ["put a 1", "del a"], []),
      txn([], ["put a 1", "del --prefix ''"], []),
      txn([], ["del a", "del a"], []),
      txn([], ["get a --rev 99"], []),
      txn([], ["put z 1", "get a --rev 99"], []),
      "get z",
      txn([], ["put z 1 --lease 1234"], []),
      "get z",
      txn([], ["put z 1", "put y 1 --ignore-value"], []),
      txn([], ["put z --ignore-value"], []),
      "get z",
      txn([], ["get a --sort-by VALUE --order DESCEND --prefix"], []),
      txn([], ["get '' --prefix --keys-only --limit 1"], []),
      txn(["nonsense"], [], []),
      txn(['value("a") ~ "1"'], [], []),
      txn(['size("a") = "1"'], [], []),
      txn(['ver("a") = "x"'], [], []),
      txn([], ["nonsense"], []),
      txn([], ["put"], []),
      "endpoint hashkv",
      "get --prefix '' -w json",
    ],
  },
  {
    name: "a transaction's limit of operations",
    flags: ["--max-txn-ops", "4"],
    steps: [
      txn([], ["put a 1", "put b 1", "put c 1", "put d 1"], []),
      txn([], ["put a 1", "put b 1", "put c 1", "put d 1", "put e 1"], []),
      txn([], [], ["get a", "get a", "get a", "get a", "get a"]),
      "get --prefix '' -w json",
    ],
  },
];
