import { afterAll, describe, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs } from "../support/server-process.js";
import { ctlScenarios } from "./scenarios/ctl.js";
import { leaseScenarios } from "./scenarios/lease.js";
import { expectSameCommands, transcript } from "./transcript.js";

oursAnswerAs("3.5");

// Runs the command lines of etcdctl itself (its flags, variables and formats) with the real etcdctl 3.5 and with ours,
// each against a new server. Their output, its streams and the exit codes must be equal, except for log lines of Go's
// client and help texts. In differential.test.ts ours runs the command lines that test servers, too.

const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"], ["etcd", "3.4"]);
let commands = 0;

describe.skipIf(!ready)("our etcdctl behaves like etcdctl 3.5", () => {
  for (const scenario of ctlScenarios) {
    test(`on etcd 3.5 and on ours: ${scenario.name}`, async () => {
      const [theirs, ...ours] = await Promise.all([
        transcript("etcd 3.5", "3.5", scenario),
        transcript("etcd 3.5", "ours", scenario),
        transcript("ours", "ours", scenario),
      ]);
      for (const printed of ours) commands += expectSameCommands(printed, theirs);
    });
  }

  // The behaviour of etcdctl itself does not depend on the server, so these scenarios are enough.
  const sample = ctlScenarios.filter(({ name }) => ["members", "users and roles"].includes(name));
  for (const scenario of [...leaseScenarios, ...sample]) {
    test(`on etcd 3.4: ${scenario.name}`, async () => {
      const [theirs, ours] = await Promise.all([
        transcript("etcd 3.4", "3.5", scenario),
        transcript("etcd 3.4", "ours", scenario),
      ]);
      commands += expectSameCommands(ours, theirs);
    });
  }
});

afterAll(() => {
  if (ready) console.log(`${commands} command lines compared`);
});
