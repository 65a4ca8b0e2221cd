import type { VNode } from "preact";
import type { KeyValue } from "../../api/kv.js";
import { range } from "../../api/kv.js";
import { pastEvents } from "../../api/past-events.js";
import { mapResult, type Result, success } from "../../api/result.js";
import { useNow } from "../../state/clock.js";
import { useCall } from "../../state/loaded.js";
import { href } from "../../state/route.js";
import { prefixRange } from "../../text/binary.js";
import { clockText, counted, countText, durationText } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { KeyText } from "../../ui/key-text.js";
import { Panel } from "../../ui/page.js";
import { ValuePreview } from "../../ui/value-preview.js";
import { LeaseLink } from "../leases/lease-table.js";
import type { Queue } from "./queues.js";
import { type RevisionTimes, writtenAt } from "./revision-times.js";
import { turnOf } from "./turn.js";

/** The most waiting sessions that are listed. */
const waitingShown = 20;

/** One lock or election with its sessions in order. */
export function QueuePanel({
  queue,
  times,
}: {
  readonly queue: Queue;
  readonly times: RevisionTimes | undefined;
}): VNode {
  const { name, kind, holder, waiting } = queue;
  const turn = useCall((signal) => turnRevision(queue, signal), [holder.key, holder.createRevision]);
  const others = waiting.length - waitingShown;
  return (
    <Panel
      title={
        <span class="row">
          <Badge tone={kind === "lock" ? "neutral" : "accent"}>{kind}</Badge>
          <KeyText value={name} />
        </span>
      }
      flush
    >
      <ol class="queue">
        <Session kv={holder} word={kind === "lock" ? "holds" : "leads"} since={turn.value} times={times} />
        {waiting.slice(0, waitingShown).map((kv) => (
          <Session key={kv.key} kv={kv} word="waits" since={kv.createRevision} times={times} />
        ))}
        {others > 0 && <li class="muted">and {counted(others, "other")}</li>}
        {waiting.length === 0 && <li class="muted">Nobody waits.</li>}
      </ol>
    </Panel>
  );
}

function Session({
  kv,
  word,
  since,
  times,
}: {
  readonly kv: KeyValue;
  readonly word: "holds" | "leads" | "waits";
  /** A revision; undefined while it is not known. */
  readonly since: number | undefined;
  readonly times: RevisionTimes | undefined;
}): VNode {
  return (
    <li class={word === "waits" ? "" : "first"}>
      <span class="row">
        <Badge tone={word === "waits" ? "neutral" : "good"}>{word}</Badge>
        <span class="grow ellipsis queue-value">{kv.value !== "" && <ValuePreview value={kv.value} />}</span>
        <span>
          <span class="muted">lease</span> <LeaseLink id={kv.lease} />
        </span>
        <a href={href("keys", { key: kv.key })}>key</a>
      </span>
      {since !== undefined && <Since revision={since} times={times} />}
    </li>
  );
}

/** etcd keeps no times. A member remembers which revision it had in the last quarter of an hour. */
function Since({ revision, times }: { readonly revision: number; readonly times: RevisionTimes | undefined }): VNode {
  const now = useNow();
  const written = times && writtenAt(revision, times);
  const ago = written && durationText((now - written.atMs) / 1_000);
  return (
    <span class="muted queue-since">
      since revision <span class="num">{countText(revision)}</span>
      {written?.kind === "at" && `, about ${ago} ago (${clockText(written.atMs)})`}
      {written?.kind === "before" && `, more than ${ago} ago`}
    </span>
  );
}

/** The revision at which the holder's turn came. Unknown when the history behind it has been compacted. */
async function turnRevision({ name, holder }: Queue, signal: AbortSignal): Promise<Result<number | undefined>> {
  const below = prefixRange(`${name}/`);
  const current = await range({ ...below, countOnly: true }, signal);
  if (!current.ok) return current;
  const after = holder.createRevision;
  let turn = after;
  const query = { ...below, after, upTo: current.value.revision, deletionsOnly: true };
  const ended = await pastEvents(
    query,
    (event) => {
      turn = turnOf(holder, event, turn);
      return true;
    },
    signal,
  );
  if (!ended.ok && ended.error.kind === "refused") return success(undefined);
  return mapResult(ended, () => turn);
}
