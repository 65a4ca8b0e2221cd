// Several processes charge invoices; a lock sees to it that no invoice is charged twice.
//
// The receipt is written in a transaction that the lock guards: a process that has lost the lock without noticing
// writes none. A payment service of the real world would be given the fencing token with each charge.
import { setTimeout } from "node:timers/promises";
import { Client, ClientError, compare, Mutex, ops, Session } from "etcd-ts/client";

const name = process.argv[2] ?? "me";
const invoices = Number(process.argv[3] ?? 20);
const client = new Client({ endpoints: [process.env.ETCD_ENDPOINT ?? "127.0.0.1:2379"], callTimeoutMs: 5_000 });

for (let done = false; !done; ) {
  try {
    done = await chargeAll();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // After such an error the receipt may have been written or not: the next round looks.
    console.log(`interrupted: ${error.message}`);
    await setTimeout(200);
  }
}
client.close();

/** Charges invoices in turn with others. @returns true when all have been charged */
async function chargeAll() {
  const session = await Session.open(client, { ttlSeconds: 2 });
  const stop = new AbortController();
  session.ended.then(() => stop.abort());
  const lock = new Mutex(session, "example/charging");
  try {
    for (;;) {
      await lock.lock(stop.signal);
      const invoice = await firstUnpaid();
      if (invoice === undefined) return true;
      const receipt = `example/receipts/${String(invoice).padStart(4, "0")}`;
      const write = ops.put({ key: receipt, value: Buffer.from(`${name} ${lock.fencingToken}`) });
      const { succeeded } = await client.if(lock.guard, compare(receipt).isAbsent()).thenDo(write).commit();
      if (!succeeded) return false;
      console.log(`charged ${invoice}`);
      await lock.unlock();
    }
  } finally {
    await session.close({ timeoutMs: 1_000 }).catch(() => undefined);
  }
}

async function firstUnpaid() {
  const { count } = await client.range({ key: "example/receipts/", rangeEnd: "example/receipts0", countOnly: true });
  return count < invoices ? count + 1 : undefined;
}
