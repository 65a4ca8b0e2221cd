import type { KeyValue } from "../../api/kv.js";
import { leaseOf } from "../../api/leases.js";
import { mapResult } from "../../api/result.js";
import { useCall } from "../../state/loaded.js";
import { href } from "../../state/route.js";
import { bytesText, counted, countText, durationText, hexId } from "../../text/format.js";
import { Facts } from "../../ui/facts.js";
import { TimeLeft } from "../../ui/time-left.js";

/** Revisions, size and lease of a key. */
export function KeyFacts({ kv, changes }: { readonly kv: KeyValue; readonly changes: number }) {
  return (
    <div class="key-facts" data-changes={changes}>
      <Facts
        items={[
          {
            name: "Changed",
            hint: "mod_revision",
            value: (
              <>
                at revision <strong>{countText(kv.modRevision)}</strong>
                {changes > 0 && (
                  <span key={changes} class="fresh">
                    {counted(changes, "change")} while you look
                  </span>
                )}
              </>
            ),
          },
          { name: "Version", hint: "puts since it was created", value: countText(kv.version) },
          { name: "Created", hint: "create_revision", value: `at revision ${countText(kv.createRevision)}` },
          { name: "Size", value: <span title={counted(kv.value.length, "byte")}>{bytesText(kv.value.length)}</span> },
          { name: "Lease", value: kv.lease === "0" ? <span class="faint">none</span> : <Lease id={kv.lease} /> },
        ]}
      />
    </div>
  );
}

const everyMs = 5_000;

/** A lease with the time that is left; it grows again when the owner renews it. */
function Lease({ id }: { readonly id: string }) {
  const { value } = useCall(
    async (signal) => mapResult(await leaseOf(id, { signal }), (lease) => ({ ...lease, at: Date.now() })),
    [id],
    { everyMs },
  );
  return (
    <>
      <a class="mono" href={href("leases", { lease: id })}>
        {hexId(id)}
      </a>
      {value !== undefined && value.ttl < 0 && <span class="muted"> expired</span>}
      {value !== undefined && value.ttl >= 0 && (
        <span class="muted">
          {" "}
          <TimeLeft seconds={value.ttl} at={value.at} /> left of {durationText(value.grantedTtl)}
        </span>
      )}
    </>
  );
}
