import { afterAll, describe, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs } from "../support/server-process.js";
import { ServersAhead } from "../support/servers-ahead.js";
import { ctlScenarios } from "./scenarios/ctl.js";
import { kvScenarios } from "./scenarios/kv.js";
import { leaseScenarios } from "./scenarios/lease.js";
import { maintenanceScenarios } from "./scenarios/maintenance.js";
import { txnScenarios } from "./scenarios/txn.js";
import { watchScenarios } from "./scenarios/watch.js";
import { transcript } from "./transcript.js";

oursAnswerAs("3.5");

// Runs the same command lines with the real etcdctl 3.5 and with ours, each against a new server of the same kind.
// Their output, its streams and the exit codes must be equal, except for log lines of Go's client and help texts.

const everywhere = [...ctlScenarios, ...txnScenarios, ...watchScenarios, ...leaseScenarios];
/** The scenarios by server. differential.test.ts compares our server with etcd. */
const scenarios = {
  "etcd 3.5": [...everywhere, ...kvScenarios, ...maintenanceScenarios],
  ours: everywhere,
  // The behaviour of etcdctl itself does not depend on the server.
  "etcd 3.4": [...leaseScenarios, ...ctlScenarios.filter(({ name }) => ["members", "users and roles"].includes(name))],
} as const;
const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"], ["etcd", "3.4"]);
const plan = (["etcd 3.5", "ours", "etcd 3.4"] as const).flatMap((server) =>
  scenarios[server].map((scenario) => ({ server, scenario })),
);
const servers = new ServersAhead(
  plan.map(({ server, scenario }) => Array.from({ length: 2 }, () => ({ kind: server, flags: scenario.flags ?? [] }))),
);
let commands = 0;

describe.skipIf(!ready)("our etcdctl behaves like etcdctl 3.5", () => {
  plan.forEach(({ server, scenario }, at) => {
    test(`on ${server}: ${scenario.name}`, async () => {
      const [first, second] = servers.take(at);
      const [theirs, ours] = await Promise.all([
        transcript(server, "3.5", scenario, first),
        transcript(server, "ours", scenario, second),
      ]);
      const comparable = theirs.map((text) => !crashed(text));
      commands += comparable.filter((can) => can).length;
      expect(ours.filter((_, at) => comparable[at]).map(withoutLogs)).toEqual(
        theirs.filter((_, at) => comparable[at]).map(withoutLogs),
      );
    });
  });
});

afterAll(async () => {
  await servers.stop();
  if (ready) console.log(`${commands} command lines compared`);
});

/** Whether etcdctl crashed. It does at some invalid comparisons, which ours does not imitate. */
function crashed(text: string): boolean {
  return text.includes("goroutine 1 [running]");
}

/** Removes the log lines of Go's client and of stty, and help texts, which differ. */
function withoutLogs(text: string): string {
  return text
    .replace(/^(stty: .*|\{"level":.*)\n?/gm, "")
    .replace(/^(NAME:|Usage: )[\s\S]*?(?=^-+ (\d+|null|interrupted)$)/gm, "HELP\n")
    .replace(/^Usage:\n[\s\S]*?(?=^Error:)/gm, "")
    .replace(/-{2,}/g, "-")
    .replace(/ {2,}/g, " ");
}
