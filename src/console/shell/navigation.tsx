import { useConnection } from "../api/connection.js";
import { logOut, useSession } from "../api/session.js";
import { useMemberList } from "../state/members.js";
import { href } from "../state/route.js";
import { hexId } from "../text/format.js";
import { IconButton } from "../ui/button.js";
import { Icon } from "../ui/icon.js";
import type { View } from "../views/view.js";
import { isDark, switchTheme, useTheme } from "./theme.js";

export interface NavigationProps {
  readonly views: readonly View[];
  readonly current: string | undefined;
  onHelp(): void;
}

/** The column at the left; on narrow screens a bar at the top and one at the bottom. */
export function Navigation({ views, current, onHelp }: NavigationProps) {
  const dark = isDark(useTheme());
  return (
    <header class="navigation">
      <div class="brand">
        <Mark />
        <ServingMember />
      </div>
      <nav aria-label="Views">
        <ul>
          {views.map(({ path, title, icon, key }) => (
            <li key={path}>
              <a
                href={href(path)}
                aria-current={path === current ? "page" : undefined}
                aria-keyshortcuts={`g ${key}`}
                title={`${title} (g ${key})`}
              >
                <Icon name={icon} />
                <span>{title}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="navigation-foot">
        <User />
        <IconButton icon={dark ? "sun" : "moon"} label={dark ? "Light theme" : "Dark theme"} onClick={switchTheme} />
        <IconButton icon="help" label="Keys of this page" onClick={onHelp} />
      </div>
    </header>
  );
}

/** Three connected nodes: a majority. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d="M12 5.5 5.5 17h13z" />
      <circle cx="12" cy="5.5" r="3" />
      <circle cx="5.5" cy="17" r="3" />
      <circle cx="18.5" cy="17" r="3" />
    </svg>
  );
}

/** Which member serves this page, and whether it answers. */
function ServingMember() {
  const { info } = useSession();
  const { reached } = useConnection();
  const members = useMemberList();
  const name = members.find(({ id }) => id === info?.memberId)?.name;
  const state = reached ? "answers" : "does not answer";
  return (
    <div class="serving" title={info && `Member ${hexId(info.memberId)} at ${location.host} serves this page`}>
      <span class="serving-name">
        <span class={reached ? "status-dot good" : "status-dot bad"} role="img" aria-label={state} />
        <strong>{name || (info ? hexId(info.memberId) : "etcd")}</strong>
      </span>
      <span class="muted">{location.host}</span>
    </div>
  );
}

function User() {
  const { info, user } = useSession();
  if (info === undefined) return <span class="grow" />;
  if (!info.authEnabled) return <span class="user grow muted">no authentication</span>;
  if (user === undefined) return <span class="user grow muted">not logged in</span>;
  return (
    <>
      <span class="user grow" title={`Logged in as ${user}`}>
        {user}
      </span>
      <IconButton icon="logout" label="Log out" onClick={logOut} />
    </>
  );
}
