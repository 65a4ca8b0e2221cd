import type { MemberState } from "../../api/console.js";
import { mayWrite, type Session, useSession } from "../../api/session.js";
import { leaderOf } from "../../state/members.js";
import { bytesText, countText, durationText, hexId, shareText } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { type Column, DataTable } from "../../ui/data-table.js";
import { Meter } from "../../ui/meter.js";
import type { Change } from "../change/change-dialog.js";

export interface MemberTableProps {
  readonly members: readonly MemberState[];
  onChange(change: Change): void;
}

/** One row for each member. */
export function MemberTable({ members, onChange }: MemberTableProps) {
  const session = useSession();
  const leader = leaderOf(members);
  return (
    <DataTable
      caption="Members of the cluster"
      columns={[
        ...stateColumns(session, leader),
        ...sizeColumns(members),
        ...actionColumns(members, session, leader, onChange),
      ]}
      rows={members}
      rowKey={({ id }) => id}
    />
  );
}

function stateColumns({ info }: Session, leader: MemberState | undefined): readonly Column<MemberState>[] {
  return [
    {
      name: "member",
      title: "Member",
      render: (member) => (
        <div class="member-name">
          <span
            class={`status-dot ${toneOf(member)}`}
            role="img"
            aria-label={member.reached ? member.health || "reached" : "not reached"}
          />
          <div>
            <span class="row">
              <strong>{member.name || hexId(member.id)}</strong>
              {member.id === leader?.id && <Badge tone="accent">leader</Badge>}
              {member.isLearner && <Badge title="receives the log, but does not vote">learner</Badge>}
              {member.id === info?.memberId && <Badge title="the member that serves this page">this page</Badge>}
            </span>
            <span class="mono faint">{hexId(member.id)}</span>
          </div>
        </div>
      ),
    },
    { name: "health", title: "Health", render: (member) => <Health member={member} /> },
    { name: "urls", title: "Client URLs", render: ({ clientURLs }) => <Urls urls={clientURLs} /> },
    { name: "version", title: "Version", render: ({ version }) => <span class="num">{version || "–"}</span> },
  ];
}

function sizeColumns(members: readonly MemberState[]): readonly Column<MemberState>[] {
  const largest = Math.max(0, ...members.map(({ dbSize }) => dbSize));
  const told = (member: MemberState, text: string): string => (member.reached ? text : "–");
  return [
    { name: "term", title: "Term", align: "end", render: (member) => told(member, countText(member.term)) },
    {
      name: "applied",
      title: "Applied",
      align: "end",
      render: (member) => told(member, countText(member.appliedIndex)),
    },
    { name: "lag", title: "Behind", align: "end", render: (member) => told(member, countText(member.lag)) },
    {
      name: "size",
      title: "Database",
      align: "end",
      render: (member) => (member.reached ? <DatabaseSize member={member} largest={largest} /> : "–"),
    },
    {
      name: "up",
      title: "Up for",
      align: "end",
      render: (member) => told(member, upTime(member.startedSecondsAgo)),
    },
  ];
}

function actionColumns(
  members: readonly MemberState[],
  session: Session,
  leader: MemberState | undefined,
  onChange: (change: Change) => void,
): readonly Column<MemberState>[] {
  if (!mayWrite(session) || leader === undefined) return [];
  const render = (member: MemberState) => {
    const named = { memberId: member.id, name: member.name };
    if (member.isLearner) return <Button onClick={() => onChange({ kind: "promote", ...named })}>Promote</Button>;
    if (member.id === leader.id || !member.reached) return null;
    return <Button onClick={() => onChange({ kind: "move-leader", ...named })}>Make leader</Button>;
  };
  if (!members.some((member) => member.isLearner || (member.id !== leader.id && member.reached))) return [];
  return [{ name: "actions", title: <span class="visually-hidden">Actions</span>, align: "end", render }];
}

function Health({ member }: { readonly member: MemberState }) {
  if (!member.reached) {
    return (
      <Badge tone="bad" title={member.error}>
        not reached
      </Badge>
    );
  }
  return (
    <span class="row">
      {member.alarms.map((alarm) => (
        <Badge key={alarm} tone="bad">
          {alarm}
        </Badge>
      ))}
      {member.alarms.length === 0 && <Badge tone={toneOf(member)}>{member.health || "ok"}</Badge>}
    </span>
  );
}

/** The size, of it the share in use; the bar compares the members. */
function DatabaseSize({ member, largest }: { readonly member: MemberState; readonly largest: number }) {
  const { dbSize, dbSizeInUse } = member;
  const used = dbSize > 0 ? dbSizeInUse / dbSize : 0;
  const label = `${bytesText(dbSizeInUse)} of ${bytesText(dbSize)} in use`;
  return (
    <span class="database-size" title={label}>
      <span>{bytesText(dbSize)}</span>
      <span class="faint">{shareText(used)} used</span>
      <Meter value={dbSizeInUse} max={largest} label={label} />
    </span>
  );
}

function Urls({ urls }: { readonly urls: readonly string[] }) {
  return (
    <span class="urls">
      {urls.map((url) => (
        <span key={url} class="mono muted">
          {url}
        </span>
      ))}
    </span>
  );
}

/** In whole minutes after the first one; 0 means that the member did not tell. */
function upTime(seconds: number): string {
  if (seconds === 0) return "–";
  return durationText(seconds < 60 ? seconds : seconds - (seconds % 60));
}

function toneOf({ reached, alarms, health }: MemberState): "good" | "warn" | "bad" {
  if (!reached || alarms.length > 0) return "bad";
  return health === "ok" || health === "" ? "good" : "warn";
}
