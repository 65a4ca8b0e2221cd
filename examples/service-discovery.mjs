// Instances of a service register under a key that dies with them, and each knows all others from a view.
import { setTimeout } from "node:timers/promises";
import { Client, ClientError, Session } from "etcd-ts/client";

const name = process.argv[2] ?? "me";
const client = new Client({ endpoints: [process.env.ETCD_ENDPOINT ?? "127.0.0.1:2379"], callTimeoutMs: 5_000 });

// The view goes on over lost connections, restarts of servers and compactions.
const services = await client.text.view("example/services/");
const show = () =>
  console.log(
    `instances: ${[...services]
      .map(({ value }) => value)
      .sort()
      .join(" ")}`,
  );
services.onChange(show);
show();

// An instance that was cut off for longer than its lease registers again.
for (;;) {
  try {
    const session = await Session.open(client, { ttlSeconds: 2 });
    await client.text.put(`example/services/${name}`, name, { lease: session.lease });
    console.log("registered");
    await session.ended;
    console.log("no longer registered");
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    console.log(`cannot register: ${error.message}`);
  }
  await setTimeout(200);
}
