import { useState } from "preact/hooks";
import type { MemberState } from "../../api/console.js";
import { mayWrite, useSession } from "../../api/session.js";
import { leaderOf, loadMembers, useMembers } from "../../state/members.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { counted, countText } from "../../text/format.js";
import { IconButton } from "../../ui/button.js";
import { Page, Panel } from "../../ui/page.js";
import { Failure, Loading } from "../../ui/states.js";
import { type Change, ChangeDialog } from "../change/change-dialog.js";
import { CompactButton } from "../change/compact-button.js";
import type { View } from "../view.js";
import { adviceOn } from "./advice.js";
import { AdviceList } from "./advice-list.js";
import { MemberTable } from "./member-table.js";
import { Rates } from "./rates.js";

export const clusterView: View = { path: "cluster", title: "Cluster", icon: "cluster", key: "c", component: Cluster };

function Cluster() {
  const { members, error } = useMembers();
  const reload = (): void => void loadMembers();
  const session = useSession();
  const [change, setChange] = useState<Change>();
  useShortcuts("Cluster", [{ keys: "r", what: "Load again", run: reload }]);
  return (
    <Page
      title="Cluster"
      lead={members.length > 0 && <Lead members={members} />}
      actions={
        <>
          {mayWrite(session) && <CompactButton />}
          <IconButton icon="refresh" label="Load again (r)" onClick={reload} />
        </>
      }
    >
      {error !== undefined && error.kind !== "offline" && error.kind !== "login" && (
        <Failure error={error} retry={reload} />
      )}
      <AdviceList all={adviceOn(members)} onChange={setChange} />
      <Panel title="Members" flush>
        {members.length === 0 ? <Loading rows={3} /> : <MemberTable members={members} onChange={setChange} />}
      </Panel>
      <Rates members={members} />
      {change && (
        <ChangeDialog
          change={change}
          onClose={() => setChange(undefined)}
          onDone={() => {
            setChange(undefined);
            reload();
          }}
        />
      )}
    </Page>
  );
}

/** The state of the cluster in one line. */
function Lead({ members }: { readonly members: readonly MemberState[] }) {
  const { info } = useSession();
  const leader = leaderOf(members);
  const term = Math.max(...members.map((member) => member.term));
  const learners = members.filter(({ isLearner }) => isLearner).length;
  const serving = members.find(({ id }) => id === info?.memberId);
  return (
    <span>
      {counted(members.length, "member")}
      {learners > 0 && `, ${counted(learners, "learner")}`}
      {" · "}
      {leader === undefined ? "no leader" : `${leader.name} leads in term ${countText(term)}`}
      {serving !== undefined && ` · ${serving.name} serves this page`}
    </span>
  );
}
