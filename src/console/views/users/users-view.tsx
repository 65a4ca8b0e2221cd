import type { VNode } from "preact";
import { type AccessRules, accessRules } from "../../api/auth.js";
import type { Permission } from "../../api/console.js";
import { isRoot, useSession } from "../../api/session.js";
import { useCall } from "../../state/loaded.js";
import { useRoute } from "../../state/route.js";
import { counted } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { DataTable } from "../../ui/data-table.js";
import { Page, Panel } from "../../ui/page.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import type { View } from "../view.js";
import { PermissionText } from "./permission-text.js";
import { Question } from "./question.js";

export const usersView: View = {
  path: "users",
  title: "Users",
  icon: "users",
  key: "u",
  component: UsersView,
};

/** Users, roles and their permissions, and whether a user may do something. */
function UsersView(): VNode {
  const session = useSession();
  const { parameters } = useRoute();
  const root = isRoot(session);
  const { value, error, reload } = useCall(accessRules, [session.user], { paused: !root });
  const names = value?.users.map(({ name }) => name) ?? (session.user === undefined ? [] : [session.user]);
  return (
    <Page title="Users and roles" lead="Who may read and write which keys, and why.">
      {value?.enabled === false && (
        <p class="notice warn" role="status">
          Authentication is off: everybody who reaches this member may do everything. These rules hold once{" "}
          <code>etcdctl auth enable</code> has been run.
        </p>
      )}
      {(session.info?.authEnabled === true || (value?.users.length ?? 0) > 0) && (
        <Question
          key={`${parameters.user} ${parameters.key}`}
          users={names}
          user={parameters.user}
          typedKey={parameters.key}
        />
      )}
      {!root && <Empty title="Only root sees all users and roles">You can ask about yourself.</Empty>}
      {root && error !== undefined && <Failure error={error} retry={reload} />}
      {root && value === undefined && error === undefined && <Loading rows={6} />}
      {value !== undefined && <Rules rules={value} />}
    </Page>
  );
}

function Rules({ rules: { users, roles } }: { readonly rules: AccessRules }): VNode {
  return (
    <div class="columns">
      <Panel title={counted(users.length, "user")} flush>
        <DataTable
          caption="Users and their roles"
          rows={users}
          rowKey={({ name }) => name}
          empty={
            <Empty title="There are no users" icon="users">
              <code>etcdctl user add root</code> adds the first.
            </Empty>
          }
          columns={[
            { name: "user", title: "User", render: ({ name }) => <strong>{name}</strong> },
            { name: "roles", title: "Roles", render: (user) => <Roles names={user.roles} /> },
          ]}
        />
      </Panel>
      <Panel title={counted(roles.length, "role")} flush>
        <DataTable
          caption="Roles and their permissions"
          rows={roles}
          rowKey={({ name }) => name}
          empty={<Empty title="There are no roles" />}
          columns={[
            { name: "role", title: "Role", render: ({ name }) => <strong>{name}</strong> },
            {
              name: "permissions",
              title: "Permissions",
              render: ({ name, permissions }) => <Permissions role={name} permissions={permissions} />,
            },
          ]}
        />
      </Panel>
    </div>
  );
}

function Roles({ names }: { readonly names: readonly string[] }): VNode {
  if (names.length === 0) return <span class="muted">none: may do nothing</span>;
  return (
    <span class="row">
      {names.map((name) => (
        <Badge key={name} tone={name === "root" ? "warn" : "neutral"}>
          {name}
        </Badge>
      ))}
    </span>
  );
}

function Permissions({
  role,
  permissions,
}: {
  readonly role: string;
  readonly permissions: readonly Permission[];
}): VNode {
  if (role === "root") return <span>everything</span>;
  if (permissions.length === 0) return <span class="muted">none</span>;
  return (
    <ul class="permissions">
      {permissions.map((permission) => (
        <li key={`${permission.key} ${permission.rangeEnd}`}>
          <PermissionText permission={permission} />
        </li>
      ))}
    </ul>
  );
}
