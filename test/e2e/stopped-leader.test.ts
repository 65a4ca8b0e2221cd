import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GrpcCode } from "../../src/base/index.js";
import { Client, ClientError } from "../../src/client/index.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

// A leader of three processes is stopped, as by SIGSTOP or a machine that sleeps, and goes on when another leads.
// It must not revoke leases that clients have renewed at the other meanwhile: etcd 3.5 does.

const ttlSeconds = 6;
const renewalMs = 500;
/** More than a leader revokes at once, so that some are due after it has noticed that it leads no more. */
const leaseCount = 200;

interface Lease {
  readonly id: bigint;
  /** When its last successful renewal was asked for. */
  renewedAt: number;
  /** How long after that it was found to be gone; undefined while it lives. */
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
      // It does not answer, so it is not the one.
    } finally {
      client.close();
    }
  }
  return undefined;
}

/** Resolves when each lease was renewed after that time, or is gone. */
async function allRenewedAfter(leases: readonly Lease[], at: number): Promise<void> {
  const done = ({ renewedAt, goneAfterMs }: Lease): boolean => goneAfterMs !== undefined || renewedAt > at;
  await until(() => leases.every(done));
}

test("a leader that was stopped revokes no lease that was renewed at the next one", { timeout: 180_000 }, async () => {
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
        // Anything else says that there is no leader for now.
        if (!(error instanceof ClientError) || error.code !== GrpcCode.NotFound) continue;
        // It was gone at the latest by now; the question may have waited for long.
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
    // By then they have run out where nobody could renew them.
    await allRenewedAfter(leases, stoppedAt + ttlSeconds * 1000 + 2_000);
    process.kill(stopped.process.pid, "SIGCONT");
    await until(async () => (await leaderOf([stopped])) === undefined);
    // By now its proposals have been applied, or are lost.
    await allRenewedAfter(leases, performance.now() + 3_000);
    over = true;
    await Promise.all(renewing);
  } finally {
    client.close();
  }
  // One whose client got no turn for so long, on a busy machine, was revoked rightly.
  const tooSoon = leases.filter(({ goneAfterMs }) => goneAfterMs !== undefined && goneAfterMs < ttlSeconds * 1000);
  expect(tooSoon).toEqual([]);
  expect(leases.filter(({ goneAfterMs }) => goneAfterMs === undefined).length).toBeGreaterThan(64);
});
