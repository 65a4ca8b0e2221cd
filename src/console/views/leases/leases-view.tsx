import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { leaseIds } from "../../api/lease-list.js";
import { useCall } from "../../state/loaded.js";
import { navigate, useRoute } from "../../state/route.js";
import { counted, countText, hexId } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { SearchField } from "../../ui/field.js";
import { Page, Panel } from "../../ui/page.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import type { View } from "../view.js";
import { LeaseDetails } from "./lease-details.js";
import { LeaseTable } from "./lease-table.js";

/** How often the list is read again. Times are counted down in between. */
const refreshMs = 10_000;
/** Each lease costs a call, so the table grows by this many at a time. */
const leasesPerPage = 50;

export const leasesView: View = {
  path: "leases",
  title: "Leases",
  icon: "lease",
  key: "e",
  component: LeasesView,
};

/** All leases, each with the time that is left and its keys. */
function LeasesView(): VNode {
  const { parameters } = useRoute();
  const [wanted, setWanted] = useState("");
  const [shown, setShown] = useState(leasesPerPage);
  const { value: ids, error, reload } = useCall(leaseIds, [], { everyMs: refreshMs });
  const found = ids?.filter((id) => hexId(id).includes(wanted.trim().toLowerCase()));
  return (
    <Page
      title="Leases"
      lead="A lease ends when nobody renews it in time, and takes its keys with it."
      actions={<SearchField label="Filter by id" placeholder="Filter by id" value={wanted} onInput={setWanted} />}
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {found === undefined && error === undefined && <Loading rows={6} />}
      {parameters.lease !== undefined && (
        <LeaseDetails id={parameters.lease} onClose={() => navigate("leases")} onGone={reload} />
      )}
      {found !== undefined && found.length === 0 && (
        <Empty title={ids?.length === 0 ? "There are no leases" : "No lease has such an id"} icon="lease">
          {ids?.length === 0 && (
            <>
              <code>etcdctl lease grant 60</code> makes one.
            </>
          )}
        </Empty>
      )}
      {found !== undefined && found.length > 0 && (
        <Panel title={counted(found.length, "lease")} flush>
          <LeaseTable ids={found.slice(0, shown)} />
          {found.length > shown && (
            <p class="table-more">
              <Button onClick={() => setShown(shown + leasesPerPage)}>
                Show more of {countText(found.length - shown)}
              </Button>
            </p>
          )}
        </Panel>
      )}
    </Page>
  );
}
