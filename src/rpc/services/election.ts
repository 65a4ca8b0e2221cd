import type { Clock, Key } from "../../base/index.js";
import { equalBytes, keyFromBytes } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import {
  byCreation,
  type electionpb,
  enterQueue,
  leaveQueue,
  proclaimInQueue,
  queuePlace,
  queuePrefix,
  services,
} from "../../wire/index.js";
import { type Binding, streaming, unary, waiting } from "../grpc/binding.js";
import { observe } from "./election-observer.js";
import type { LeaderGuard } from "./leader-guard.js";
import { type LocalClient, type TxnAnswer, unknown, withoutCodes } from "./local-client.js";
import { outliving, WaitingLine } from "./waiting-line.js";

/** v3electionpb.Election. It uses the recipe and keys of etcd's client libraries, so both can share an election. */
export function electionBindings(client: LocalClient, guard: LeaderGuard, clock: Clock): readonly Binding[] {
  const { Campaign, Proclaim, Leader, Observe, Resign } = services["v3electionpb.Election"];
  const line = new WaitingLine(client, clock);
  return [
    waiting(
      Campaign,
      withoutCodes((request, call) => campaign(client, line, request, call)),
    ),
    unary(
      Proclaim,
      withoutCodes(async ({ leader, value }, call) => {
        const { key, rev, lease: wanted } = named(leader);
        const lease = await client.session(wanted, call);
        return { header: (await proclaim(client, { key, revision: rev, lease, value }, call)).header };
      }),
    ),
    unary(
      Leader,
      withoutCodes(async ({ name }, call) => {
        const { header, kv } = await client.range(byCreation(queuePrefix(keyFromBytes(name)), "first"), call);
        if (kv === undefined) throw unknown("election: no leader");
        return { header, kv };
      }),
    ),
    streaming(Observe, (stream) => observe(client, guard, stream)),
    unary(
      Resign,
      withoutCodes(async ({ leader }, call) => {
        const { key, rev } = named(leader);
        const { header } = await client.txn(leaveQueue(key, rev), call);
        return { header };
      }),
    ),
  ];
}

async function campaign(
  client: LocalClient,
  line: WaitingLine,
  { name, lease: wanted, value }: electionpb.CampaignRequest,
  call: Call,
): Promise<electionpb.CampaignResponse> {
  const lease = await client.session(wanted, call);
  const { prefix, key } = queuePlace(keyFromBytes(name), lease);
  return await line.stand(key, call, async (place) => {
    // Goes on when the client disconnects: only the result tells whether a key was created and has to be removed.
    const entered = await client.txn(enterQueue(key, lease, value), outliving(call));
    const [standing] = entered.ranges;
    place.revision = entered.succeeded ? entered.revision : (standing?.createRevision ?? 0);
    place.pending ||= entered.succeeded;
    const { revision } = place;
    if (standing !== undefined && !equalBytes(standing.value, value)) {
      await proclaim(client, { key, revision, lease, value }, call);
    }
    if (await line.turn(prefix, place, call)) {
      // The lease may have expired while the call waited, and the session may even have been started again.
      const { kv } = await client.range({ key }, call);
      if (kv?.createRevision !== revision) throw unknown("election: not leader");
    }
    return { header: entered.header, leader: { name, key, rev: revision, lease } };
  });
}

interface Proclamation {
  readonly key: Key;
  readonly revision: number;
  readonly lease: bigint;
  readonly value: Uint8Array;
}

async function proclaim(client: LocalClient, said: Proclamation, call: Call): Promise<TxnAnswer> {
  const { key, revision, lease, value } = said;
  const answer = await client.txn(proclaimInQueue(key, revision, lease, value), call);
  if (!answer.succeeded) throw unknown("election: not leader");
  return answer;
}

function named(leader: electionpb.LeaderKey | undefined): electionpb.LeaderKey {
  if (leader === undefined) throw unknown('"leader" field must be provided');
  return leader;
}
