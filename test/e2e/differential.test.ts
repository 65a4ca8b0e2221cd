import { afterAll, describe, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, type ServerKind } from "../support/server-process.js";
import { authScenarios } from "./scenarios/auth.js";
import { kvScenarios } from "./scenarios/kv.js";
import { leaseScenarios } from "./scenarios/lease.js";
import { maintenanceScenarios } from "./scenarios/maintenance.js";
import { txnScenarios } from "./scenarios/txn.js";
import { watchScenarios } from "./scenarios/watch.js";
import { transcript } from "./transcript.js";

oursAnswerAs("3.5");

// Runs the same command lines of the real etcdctl against real etcd 3.5 and against our server. Their output, its
// streams and the exit codes must be equal. Hidden are only elapsed times, ports, random lease ids (numbered in the
// order of their grants) and sizes of the database on disk.

const scenarios = [
  ...kvScenarios,
  ...txnScenarios,
  ...watchScenarios,
  ...leaseScenarios,
  ...maintenanceScenarios,
  ...authScenarios,
];
const serverUnderTest = (process.env.ETCD_TS_DIFFERENTIAL as ServerKind | undefined) ?? "ours";
const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"], ["etcdctl", "3.4"]);
let commands = 0;

for (const release of ["3.5", "3.4"] as const) {
  describe.skipIf(!ready)(`etcdctl ${release} prints the same for our server as for etcd 3.5`, () => {
    for (const scenario of scenarios.filter((candidate) => release === "3.5" || candidate.only === undefined)) {
      test(scenario.name, async () => {
        const [theirs, ours] = await Promise.all([
          transcript("etcd 3.5", release, scenario),
          transcript(serverUnderTest, release, scenario),
        ]);
        commands += scenario.steps.length;
        expect(ours).toEqual(theirs);
      });
    }
  });
}

afterAll(() => {
  if (ready) console.log(`${commands} command lines compared`);
});
