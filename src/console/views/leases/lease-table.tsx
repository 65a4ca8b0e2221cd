import type { VNode } from "preact";
import { each } from "../../api/each.js";
import { type LeaseState, leaseOf } from "../../api/leases.js";
import { type Result, success } from "../../api/result.js";
import { useNow } from "../../state/clock.js";
import { useCall } from "../../state/loaded.js";
import { href } from "../../state/route.js";
import { counted, durationText, hexId } from "../../text/format.js";
import { DataTable } from "../../ui/data-table.js";
import { KeyText } from "../../ui/key-text.js";
import { Meter } from "../../ui/meter.js";
import { Failure, Loading } from "../../ui/states.js";

/** How often the leases are asked how much time is left. */
const refreshMs = 10_000;

/** A lease as the table shows it. */
export interface SeenLease {
  readonly id: string;
  /** Undefined if its keys belong to others: etcd tells nothing about such a lease. */
  readonly state: LeaseState | undefined;
  /** When the state was read, in ms. */
  readonly atMs: number;
}

export function LeaseTable({ ids }: { readonly ids: readonly string[] }): VNode {
  const { value, error, reload } = useCall((signal) => statesOf(ids, signal), [ids], { everyMs: refreshMs });
  if (value === undefined) {
    return error === undefined ? <Loading rows={4} /> : <Failure error={error} retry={reload} />;
  }
  return (
    <DataTable
      caption="Leases"
      rows={value}
      rowKey={({ id }) => id}
      columns={[
        { name: "id", title: "Lease", render: ({ id }) => <LeaseLink id={id} /> },
        { name: "left", title: "Time left", render: (lease) => <TimeToLive lease={lease} /> },
        {
          name: "granted",
          title: "Granted",
          align: "end",
          render: ({ state }) => (state === undefined ? "" : durationText(state.grantedTtl)),
        },
        { name: "keys", title: "Keys", render: (lease) => <LeaseKeys lease={lease} /> },
      ]}
    />
  );
}

/** @returns the states; a lease whose keys the caller may not read has none */
async function statesOf(ids: readonly string[], signal: AbortSignal): Promise<Result<readonly SeenLease[]>> {
  return each(ids, async (id) => {
    const answer = await leaseOf(id, { keys: true, signal });
    if (!answer.ok && answer.error.kind !== "denied") return answer;
    return success<SeenLease>({ id, state: answer.ok ? answer.value : undefined, atMs: Date.now() });
  });
}

export function LeaseLink({ id }: { readonly id: string }): VNode {
  return (
    <a class="mono" href={href("leases", { lease: id })}>
      {hexId(id)}
    </a>
  );
}

/** Counts down from what the member told last. */
export function TimeToLive({ lease: { state, atMs } }: { readonly lease: SeenLease }): VNode {
  const now = useNow();
  if (state === undefined) return <span class="muted">not yours to see</span>;
  const left = Math.max(state.ttl - Math.max(now - atMs, 0) / 1_000, 0);
  const text = state.ttl < 0 || left === 0 ? "ended" : durationText(Math.ceil(left));
  return (
    <span class="row">
      <Meter value={left} max={state.grantedTtl} label={`${text} of ${durationText(state.grantedTtl)} left`} />
      <span class="num">{text}</span>
    </span>
  );
}

function LeaseKeys({ lease: { state } }: { readonly lease: SeenLease }): VNode {
  const [first, ...others] = state?.keys ?? [];
  if (first === undefined) return <span class="muted">{state === undefined ? "" : "none"}</span>;
  return (
    <span class="lease-keys ellipsis">
      <a href={href("keys", { key: first })}>
        <KeyText value={first} />
      </a>
      {others.length > 0 && <span class="muted"> and {counted(others.length, "other")}</span>}
    </span>
  );
}
