import { afterEach, describe, test } from "vitest";
import { ProxyHere } from "../support/proxy-here.js";
import { type FlagsFor, type ProxyKind, ProxyProcess } from "../support/proxy-process.js";
import { haveReference } from "../support/reference.js";
import type { Served } from "../support/server-here.js";
import { type ServerKind, ServerProcess } from "../support/server-process.js";
import { kvScenarios } from "./scenarios/kv.js";
import { leaseScenarios } from "./scenarios/lease.js";
import { proxyScenarios } from "./scenarios/proxy.js";
import type { Scenario } from "./scenarios/scenario.js";
import { txnScenarios } from "./scenarios/txn.js";
import { watchScenarios } from "./scenarios/watch.js";
import { expectSameCommands, transcript } from "./transcript.js";

// Runs the same command lines of the real etcdctl through `etcd gateway` and `etcd grpc-proxy` of real etcd 3.5 and of
// ours, each in front of a real etcd 3.5. Their output must be equal. PROXY_SCENARIOS=all runs all of them.

const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);
const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function through(kind: ProxyKind, whose: ServerKind, flags: readonly string[]): Promise<Served> {
  const server = await ServerProcess.start({ kind: "etcd 3.5", flags });
  running.push(server);
  // A gRPC proxy of etcd dials the address that clients are told, and does not start without an answer there.
  const told = (endpoint: string) => (kind === "gateway" ? [] : ["--advertise-client-url", endpoint]);
  const flagsFor: FlagsFor = (endpoint) => ["--endpoints", server.endpoint, ...told(endpoint)];
  const proxy = await (whose === "ours" ? ProxyHere.start(kind, flagsFor) : ProxyProcess.start(kind, flagsFor, whose));
  running.push(proxy);
  return { endpoint: proxy.endpoint, log: "", stop: () => proxy.stop() };
}

/** Scenarios that run through the gRPC proxy with PROXY_SCENARIOS=all only, since they take long. */
const longer = process.env.PROXY_SCENARIOS === "all" ? [...kvScenarios, ...txnScenarios, ...leaseScenarios] : [];
const scenarios: Readonly<Record<ProxyKind, readonly Scenario[]>> = {
  gateway: proxyScenarios,
  "grpc-proxy": [...proxyScenarios, ...watchScenarios, ...longer],
};

/**
 * Removes the codes of refusals, which etcd's gRPC proxy makes Unknown in most cases, also from the reason for the end
 * of a watch. They are in log lines of Go's client, too, which are not compared.
 */
function withoutCodes(printed: readonly string[] = []): string[] {
  return printed.map((text) => text.replace(/rpc error: code = \w+ desc = /g, ""));
}

for (const kind of ["gateway", "grpc-proxy"] as const) {
  describe.skipIf(!ready)(`etcd ${kind} of ours and of etcd 3.5`, () => {
    for (const scenario of scenarios[kind]) {
      test(scenario.name, async () => {
        const [theirs, ours] = await Promise.all(
          (["etcd 3.5", "ours"] as const).map((whose) =>
            transcript("etcd 3.5", "3.5", scenario, through(kind, whose, scenario.flags ?? [])),
          ),
        );
        expectSameCommands(withoutCodes(ours), withoutCodes(theirs));
      });
    }
  });
}
