// Workers take jobs from a queue. The job of a worker that dies is done by another, so each is done at least once.
//
// The result is created once: the second worker that did the same job finds it, and only removes the job.
import { setTimeout } from "node:timers/promises";
import { Client, ClientError, Queue, Session } from "etcd-ts/client";

const name = process.argv[2] ?? "me";
const client = new Client({ endpoints: [process.env.ETCD_ENDPOINT ?? "127.0.0.1:2379"], callTimeoutMs: 5_000 });
const queue = new Queue(client, "example/jobs");

for (;;) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    console.log(`interrupted: ${error.message}`);
  }
  await setTimeout(200);
}

/** Works until the session ends. */
async function work() {
  const session = await Session.open(client, { ttlSeconds: 2 });
  const stop = new AbortController();
  session.ended.then(() => stop.abort());
  try {
    while (!stop.signal.aborted) {
      const job = await queue.take(session, { signal: stop.signal });
      const task = Buffer.from(job.value).toString();
      await setTimeout(30);
      await client.text.create(`example/results/${task}`, name);
      console.log((await job.done()) ? `did ${task}` : `did ${task}, and so may another`);
    }
  } finally {
    await session.close({ timeoutMs: 1_000 }).catch(() => undefined);
  }
}
