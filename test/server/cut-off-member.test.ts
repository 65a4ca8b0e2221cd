import { afterEach, expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import { HealthChecks } from "../../src/rpc/services/health-checks.js";
import { AlarmAction, AlarmRequest, AlarmType } from "../../src/wire/index.js";
import { patient } from "./member.js";
import { VirtualCluster, type VirtualMember } from "./virtual/cluster.js";

let cluster: VirtualCluster;
afterEach(() => cluster.dispose());

const noLeader = { linearizable_read: "etcdserver: request timed out" };

/** The results of `/livez`, `/readyz` and `/health` at a member, with the names of failed checks. */
async function healthOf({ server }: VirtualMember) {
  const checks = new HealthChecks(server, silentLogger);
  const faults: Record<string, Record<string, string>> = { livez: {}, readyz: {} };
  for (const kind of ["livez", "readyz"] as const) {
    for (const [name, check] of Object.entries(checks[kind])) {
      const fault = await cluster.during(check(patient));
      if (fault !== undefined) faults[kind] = { ...faults[kind], [name]: fault };
    }
  }
  const health = async (serializable: boolean): Promise<string> =>
    (await cluster.during(checks.health(new Set(), serializable, patient))).reason;
  return { ...faults, health: await health(false), serializable: await health(true) };
}

for (const { name, alarm } of [
  { name: "", alarm: false },
  { name: " while the space alarm is on", alarm: true },
]) {
  test(`a member whose network is cut off is live but not ready${name}`, async () => {
    cluster = await VirtualCluster.start(7, 3);
    const [alone] = cluster.members.filter((member) => member !== cluster.leader);
    if (alone === undefined) throw new Error("two of three follow");
    if (alarm) {
      const raised = { action: AlarmAction.ACTIVATE, alarm: AlarmType.NOSPACE, memberId: alone.server.memberId };
      await cluster.during(alone.server.maintenance.alarm(AlarmRequest.create(raised), patient));
    }
    const full = alarm ? "ALARM NOSPACE" : "";
    expect(await healthOf(alone)).toEqual({ livez: {}, readyz: {}, health: full, serializable: full });
    cluster.network.isolate(alone.server.memberId, cluster.ids);
    await cluster.advance(5_000);
    const health = alarm ? full : "RAFT NO LEADER";
    expect(await healthOf(alone)).toEqual({ livez: {}, readyz: noLeader, health, serializable: full });
  });
}
