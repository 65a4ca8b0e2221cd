import type { VNode } from "preact";
import type { MemberState } from "../../api/console.js";
import { useSession } from "../../api/session.js";
import { consoleUrls } from "../../state/console-urls.js";
import { useMemberList } from "../../state/members.js";

/** The leader, when it is not the member that serves this page. Only the leader hands over its leadership. */
export function useOtherLeader(): MemberState | undefined {
  const { info } = useSession();
  const members = useMemberList();
  const leader = members.find(({ id }) => id === info?.memberId)?.leader;
  return leader === info?.memberId ? undefined : members.find(({ id }) => id === leader);
}

export function LeaderNotice({ leader: { name, clientURLs } }: { readonly leader: MemberState }): VNode {
  const addresses = consoleUrls(clientURLs).map((url) => url + location.hash);
  return (
    <div class="notice warn stack">
      <p>
        Only the leader hands over its leadership, and another member serves this page. Do it on the page of {name}:
      </p>
      <ul>
        {addresses.map((address) => (
          <li key={address}>
            <a href={address}>{address}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}
