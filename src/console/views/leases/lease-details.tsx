import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type LeaseState, leaseOf } from "../../api/leases.js";
import { mapResult } from "../../api/result.js";
import { mayWrite, useSession } from "../../api/session.js";
import { useCall } from "../../state/loaded.js";
import { href } from "../../state/route.js";
import { countText, durationText, hexId } from "../../text/format.js";
import { Button, IconButton } from "../../ui/button.js";
import { Facts } from "../../ui/facts.js";
import { KeyText } from "../../ui/key-text.js";
import { Panel } from "../../ui/page.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { ChangeDialog } from "../change/change-dialog.js";
import { TimeToLive } from "./lease-table.js";

const refreshMs = 5_000;
/** The height of a row in CSS pixels, as in view-leases.css. */
const rowHeight = 32;

interface LeaseDetailsProps {
  readonly id: string;
  readonly onClose: () => void;
  /** Called when the lease was revoked here. */
  readonly onGone: () => void;
}

/** One lease with all of its keys. */
export function LeaseDetails({ id, onClose, onGone }: LeaseDetailsProps): VNode {
  const session = useSession();
  const [revoking, setRevoking] = useState(false);
  const { value, error, reload } = useCall(
    async (signal) =>
      mapResult(await leaseOf(id, { keys: true, signal }), (state) => ({ id, state, atMs: Date.now() })),
    [id],
    { everyMs: refreshMs },
  );
  const living = value !== undefined && value.state.ttl >= 0;
  return (
    <Panel
      title={`Lease ${hexId(id)}`}
      actions={
        <>
          {living && mayWrite(session) && (
            <Button kind="danger" icon="trash" onClick={() => setRevoking(true)}>
              Revoke
            </Button>
          )}
          <IconButton icon="close" label="Close the lease" onClick={onClose} />
        </>
      }
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value === undefined && error === undefined && <Loading rows={3} />}
      {value !== undefined && !living && <Empty title="There is no such lease">It has ended or was revoked.</Empty>}
      {living && (
        <div class="stack">
          <Facts
            items={[
              { name: "Time left", value: <TimeToLive lease={value} /> },
              { name: "Granted", value: durationText(value.state.grantedTtl) },
              { name: "Keys", value: countText(value.state.keys.length) },
            ]}
          />
          <Keys state={value.state} />
        </div>
      )}
      {revoking && value !== undefined && (
        <ChangeDialog
          change={{ kind: "revoke", lease: id, keys: value.state.keys }}
          onClose={() => setRevoking(false)}
          onDone={() => {
            reload();
            onGone();
          }}
        />
      )}
    </Panel>
  );
}

function Keys({ state: { keys } }: { readonly state: LeaseState }): VNode {
  if (keys.length === 0) return <p class="muted">No key is attached to it.</p>;
  const sorted = keys.toSorted();
  return (
    <VirtualList
      label="Keys of the lease"
      rows={sorted.length}
      rowHeight={rowHeight}
      render={(index) => {
        const key = sorted[index] ?? "";
        return (
          // biome-ignore lint/a11y/useSemanticElements: the frame of the virtual list is no <ul>
          <div key={key} role="listitem" class="lease-key ellipsis">
            <a href={href("keys", { key })}>
              <KeyText value={key} />
            </a>
          </div>
        );
      }}
    />
  );
}
