import { type Clock, emptyBytes, keyFromBytes } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { enterQueue, type lockpb, ownerOfQueue, queuePlace, services } from "../../wire/index.js";
import { type Binding, unary, waiting } from "../grpc/binding.js";
import { type LocalClient, unknown, withoutCodes } from "./local-client.js";
import { outliving, WaitingLine } from "./waiting-line.js";

/** v3lockpb.Lock. It uses the recipe and keys of etcd's client libraries, so both can share a lock. */
export function lockBindings(client: LocalClient, clock: Clock): readonly Binding[] {
  const { Lock, Unlock } = services["v3lockpb.Lock"];
  const line = new WaitingLine(client, clock);
  return [
    waiting(
      Lock,
      withoutCodes((request, call) => lock(client, line, request, call)),
    ),
    unary(
      Unlock,
      withoutCodes(async ({ key }, call) => ({ header: await client.deleteKey(key, call) })),
    ),
  ];
}

async function lock(
  client: LocalClient,
  line: WaitingLine,
  { name, lease: wanted }: lockpb.LockRequest,
  call: Call,
): Promise<lockpb.LockResponse> {
  const lease = await client.session(wanted, call);
  const { prefix, key } = queuePlace(keyFromBytes(name), lease);
  return await line.stand(key, call, async (place) => {
    // Goes on when the client disconnects: only the result tells whether a key was created and has to be removed.
    const entered = await client.txn(enterQueue(key, lease, emptyBytes, ownerOfQueue(prefix)), outliving(call));
    const [mine, first] = entered.ranges;
    place.revision = entered.succeeded ? entered.revision : (mine?.createRevision ?? 0);
    place.pending ||= entered.succeeded;
    if (first === undefined || first.createRevision === place.revision) return { header: entered.header, key };
    await line.turn(prefix, place, call);
    const held = await client.range({ key }, call);
    // The lease may have expired while the call waited, and the session may even have been started again.
    if (held.kv?.createRevision !== place.revision) throw unknown("mutex: session is expired");
    return { header: held.header, key };
  });
}
