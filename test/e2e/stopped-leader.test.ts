import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GrpcCode } from "../../src/base/index.js";
import { Client, ClientError } from "../../src/client/index.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

// A leader of three processes is paused, by SIGSTOP or as on a machine that sleeps, and resumes when another member
// leads. It must not revoke leases that clients have renewed at the new leader. etcd 3.5 does so.

const ttlSeconds = 6;
const renewalMs = 1_500;
/** More leases than a leader revokes at once, so that some are due after it has noticed that it no longer leads. */
const leaseCount = 200;

interface Lease {
  readonly id: bigint;
  /** The time at which its last successful renewal was requested. */
  renewedAt: number;
  /** The time from the renewal until the lease was found to be gone; undefined while the lease exists. */
  goneAfterMs: number | undefined;
}

let members: Members;
beforeAll(async () => {
  members = await Members.start("ours", "ours", "ours");
});
afterAll(() => members.stop());

async function leaderOf(asked: readonly Member[]): Promise<Member | undefined> {
  for (const member of asked) {
    const client = new Client({ endpoints: [member.endpoint], callTimeoutMs: 2_000 });
    try {
      const { header, leader } = await client.status();
      if (leader !== 0n && header?.memberId === leader) return member;
    } catch {
      // A member that does not answer is not the leader.
    } finally {
      client.close();
    }
  }
  return undefined;
}

/** Resolves when each lease was renewed after `at` or is gone. */
async function allRenewedAfter(leases: readonly Lease[], at: number): Promise<void> {
  const done = ({ renewedAt, goneAfterMs }: Lease): boolean => goneAfterMs !== undefined || renewedAt > at;
  await until(() => leases.every(done));
}

test("a leader that was paused revokes no lease that was renewed at the next leader", {
  timeout: 180_000,
}, async () => {
  await until(async () => (await leaderOf(members.all)) !== undefined);
  const stopped = await leaderOf(members.all);
  if (stopped === undefined) throw new Error("nobody leads");
  const others = members.all.filter((member) => member !== stopped);
  const client = new Client({ endpoints: others.map(({ endpoint }) => endpoint), callTimeoutMs: 5_000 });
  const leases: Lease[] = [];
  let over = false;
  const renewOn = async (lease: Lease): Promise<void> => {
    while (!over && lease.goneAfterMs === undefined) {
      const askedAt = performance.now();
      try {
        await client.keepAliveOnce(lease.id);
        lease.renewedAt = askedAt;
      } catch (error) {
        // Other errors mean that there is currently no leader.
        if (!(error instanceof ClientError) || error.code !== GrpcCode.NotFound) continue;
        // The lease may have been gone earlier, since the request may have waited for long.
        lease.goneAfterMs = performance.now() - lease.renewedAt;
      } finally {
        await pause(renewalMs);
      }
    }
  };
  try {
    for (let at = 0; at < leaseCount; at++) {
      const askedAt = performance.now();
      const { id } = await client.grantLease({ ttl: ttlSeconds });
      leases.push({ id, renewedAt: askedAt, goneAfterMs: undefined });
    }
    const renewing = leases.map(renewOn);
    process.kill(stopped.process.pid, "SIGSTOP");
    const stoppedAt = performance.now();
    // By then leases that could not be renewed have expired.
    await allRenewedAfter(leases, stoppedAt + ttlSeconds * 1000 + 2_000);
    process.kill(stopped.process.pid, "SIGCONT");
    await until(async () => (await leaderOf([stopped])) === undefined);
    // By then the proposals of the old leader have been applied or are lost.
    await allRenewedAfter(leases, performance.now() + 3_000);
    over = true;
    await Promise.all(renewing);
  } finally {
    client.close();
  }
  // A lease may be revoked if its client had no time to renew it on a busy machine.
  const tooSoon = leases.filter(({ goneAfterMs }) => goneAfterMs !== undefined && goneAfterMs < ttlSeconds * 1000);
  expect(tooSoon).toEqual([]);
  expect(leases.filter(({ goneAfterMs }) => goneAfterMs === undefined).length).toBeGreaterThan(0);
});
