import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { range } from "../../api/kv.js";
import { pastEvents } from "../../api/past-events.js";
import { failure, mapResult, type Result } from "../../api/result.js";
import { useCall } from "../../state/loaded.js";
import { navigate } from "../../state/route.js";
import { type Binary, prefixRange } from "../../text/binary.js";
import { Button } from "../../ui/button.js";
import { Field } from "../../ui/field.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { ChangedKeys } from "./changed-keys.js";
import { type Compared, KeyChanges } from "./key-changes.js";

/** How many revisions before the current one the comparison begins, unless the user says otherwise. */
const usualDistance = 100;

/** Shows the changes below a prefix between two revisions, which are parameters of the page's address. */
export function Comparison({
  prefix,
  from,
  to,
}: {
  readonly prefix: Binary;
  readonly from: Binary | undefined;
  readonly to: Binary | undefined;
}): VNode {
  const current = useCall((signal) => currentRevision(prefix, signal), [prefix]);
  const asked = from !== undefined && to !== undefined;
  const { value, error, loading, reload } = useCall(
    (signal) => compare(prefix, Number(from), Number(to), signal),
    [prefix, from, to],
    { paused: !asked },
  );
  return (
    <div class="stack">
      {current.value === undefined ? (
        <Loading rows={1} />
      ) : (
        <RevisionForm key={`${from}-${to}`} prefix={prefix} from={from} to={to} current={current.value} />
      )}
      {!asked && (
        <Empty title="Two revisions">Every change has a revision. The sum of those in between is shown.</Empty>
      )}
      {asked && loading && <Loading rows={6} />}
      {asked && error !== undefined && <Failure error={error} retry={reload} />}
      {asked && value !== undefined && <ChangedKeys compared={value} />}
    </div>
  );
}

async function currentRevision(prefix: Binary, signal: AbortSignal): Promise<Result<number>> {
  return mapResult(await range({ ...prefixRange(prefix), countOnly: true }, signal), ({ revision }) => revision);
}

async function compare(prefix: Binary, from: number, to: number, signal: AbortSignal): Promise<Result<Compared>> {
  const current = await currentRevision(prefix, signal);
  if (!current.ok) return current;
  if (!(from < to)) return failure("refused", "The first revision must be below the second one.");
  const upTo = Math.min(to, current.value);
  const sum = new KeyChanges();
  const query = { ...prefixRange(prefix), after: from, upTo };
  const ended = await pastEvents(query, (event) => sum.add(event), signal);
  return mapResult(ended, (complete) => {
    return { from, to: upTo, changes: sum.list(), events: sum.events, stopped: !complete };
  });
}

function RevisionForm({
  prefix,
  from,
  to,
  current,
}: {
  readonly prefix: Binary;
  readonly from: Binary | undefined;
  readonly to: Binary | undefined;
  readonly current: number;
}): VNode {
  const [first, setFirst] = useState(from ?? String(Math.max(current - usualDistance, 1)));
  const [last, setLast] = useState(to ?? String(current));
  const submit = (event: Event): void => {
    event.preventDefault();
    navigate("live", { prefix, tab: "compare", from: first, to: last });
  };
  return (
    <form class="row live-revisions" onSubmit={submit}>
      <RevisionField label="After revision" value={first} onInput={setFirst} />
      <RevisionField label="Up to revision" value={last} onInput={setLast} hint={`The newest one is ${current}.`} />
      <Button kind="primary" type="submit">
        Compare
      </Button>
    </form>
  );
}

function RevisionField({
  label,
  value,
  hint,
  onInput,
}: {
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  readonly onInput: (value: string) => void;
}): VNode {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <input
          id={id}
          type="number"
          min={1}
          step={1}
          required
          value={value}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Field>
  );
}
