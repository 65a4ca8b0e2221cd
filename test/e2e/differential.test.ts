import { afterAll, describe, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs } from "../support/server-process.js";
import { authScenarios } from "./scenarios/auth.js";
import { kvScenarios } from "./scenarios/kv.js";
import { leaseScenarios } from "./scenarios/lease.js";
import { maintenanceScenarios } from "./scenarios/maintenance.js";
import type { Scenario } from "./scenarios/scenario.js";
import { txnScenarios } from "./scenarios/txn.js";
import { watchScenarios } from "./scenarios/watch.js";
import { expectSameCommands, transcript } from "./transcript.js";

oursAnswerAs("3.5");

// Runs the same command lines of the real etcdctl against real etcd 3.5 and against our server, and those of our
// etcdctl against both. Their output, its streams and the exit codes must be equal. Hidden are only elapsed times,
// ports, random lease ids (numbered in the order of their grants) and sizes of the database on disk.

/** Scenarios that our etcdctl runs against etcd and against our server. */
const ofBoth: readonly Scenario[] = [...txnScenarios, ...watchScenarios, ...leaseScenarios];
/** Scenarios that our etcdctl runs against etcd only, since they test the server more than the command. */
const ofServer: readonly Scenario[] = [...kvScenarios, ...maintenanceScenarios];
const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"], ["etcdctl", "3.4"]);
let commands = 0;

describe.skipIf(!ready)(
  "etcdctl prints the same for our server as for etcd 3.5, and our etcdctl as etcdctl 3.5",
  () => {
    for (const scenario of [...ofBoth, ...ofServer, ...authScenarios]) {
      test(scenario.name, async () => {
        const theirs = transcript("etcd 3.5", "3.5", scenario);
        const ours = transcript("ours", "3.5", scenario);
        const ourCommands = authScenarios.includes(scenario) ? [] : [transcript("etcd 3.5", "ours", scenario)];
        if (ofBoth.includes(scenario)) ourCommands.push(transcript("ours", "ours", scenario));
        expect(await ours).toEqual(await theirs);
        commands += scenario.steps.length;
        for (const printed of ourCommands) commands += expectSameCommands(await printed, await theirs);
      });
    }
  },
);

describe.skipIf(!ready)("etcdctl 3.4 prints the same for our server as for etcd 3.5", () => {
  for (const scenario of [...ofBoth, ...ofServer, ...authScenarios].filter(({ only }) => only === undefined)) {
    test(scenario.name, async () => {
      const [theirs, ours] = await Promise.all([
        transcript("etcd 3.5", "3.4", scenario),
        transcript("ours", "3.4", scenario),
      ]);
      commands += scenario.steps.length;
      expect(ours).toEqual(theirs);
    });
  }
});

afterAll(() => {
  if (ready) console.log(`${commands} command lines compared`);
});
