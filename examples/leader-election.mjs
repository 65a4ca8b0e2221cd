// One of several processes leads and does the work; when it dies, another takes over.
//
// A leader can lose its office without noticing at once, for instance while its process is paused. So every write of a
// leader is guarded: etcd refuses it when the office has passed on. A storage other than etcd gets the fencing token,
// and refuses tokens that are lower than one that it has seen.
import { setTimeout } from "node:timers/promises";
import { Client, ClientError, Election, ops, Session } from "etcd-ts/client";

const name = process.argv[2] ?? "me";
const client = new Client({ endpoints: [process.env.ETCD_ENDPOINT ?? "127.0.0.1:2379"], callTimeoutMs: 5_000 });

for (;;) {
  try {
    await lead();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    console.log(`not leading: ${error.message}`); // another candidate leads, or no server answers: try again
  }
  await setTimeout(200);
}

/** Leads until the office is lost. */
async function lead() {
  const session = await Session.open(client, { ttlSeconds: 2 });
  const stop = new AbortController();
  session.ended.then(() => stop.abort());
  try {
    const election = new Election(session, "example/leader");
    await election.campaign(Buffer.from(name), stop.signal);
    console.log(`leading with token ${election.fencingToken}`);
    for (let round = 1; !stop.signal.aborted; round++) {
      const work = ops.put({ key: "example/work", value: Buffer.from(`${election.fencingToken} ${name} ${round}`) });
      const { succeeded } = await client.if(election.guard).thenDo(work).commit();
      if (!succeeded) break;
      await setTimeout(50);
    }
    console.log("no longer leading");
  } finally {
    // When no server answers, the lease ends by itself.
    await session.close({ timeoutMs: 1_000 }).catch(() => undefined);
  }
}
