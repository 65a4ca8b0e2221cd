import { probeNow, useConnection } from "../api/connection.js";
import { useSession } from "../api/session.js";
import { useNow } from "../state/clock.js";
import { consoleUrls } from "../state/console-urls.js";
import { leaderOf, useMemberList } from "../state/members.js";
import { durationText } from "../text/format.js";
import { Button } from "../ui/button.js";
import { Icon } from "../ui/icon.js";

/** Tells that the member that serves this page does not answer, or that the cluster has no leader. */
export function ConnectionBanner() {
  const { reached, since, nextTry } = useConnection();
  const members = useMemberList();
  if (!reached) return <Lost since={since} nextTry={nextTry ?? since} />;
  if (members.length === 0 || leaderOf(members) !== undefined) return null;
  return (
    <div class="banner warn" role="status">
      <Icon name="alert" />
      <span class="grow">
        <strong>The cluster has no leader.</strong> Reads and writes wait; the page goes on when a leader is elected.
      </span>
    </div>
  );
}

/** Where the page can go on while its member does not answer. */
function Lost({ since, nextTry }: { readonly since: number; readonly nextTry: number }) {
  const now = useNow();
  const { info } = useSession();
  const others = useMemberList().filter(({ id }) => id !== info?.memberId);
  const seconds = Math.max(0, Math.ceil((nextTry - now) / 1000));
  const links = others.flatMap(({ name, clientURLs }) => consoleUrls(clientURLs).map((url) => ({ name, url })));
  return (
    <div class="banner bad" role="status">
      <Icon name="alert" />
      <div class="grow">
        <strong>
          {location.host} has not answered for {durationText((now - since) / 1000)}.
        </strong>{" "}
        {seconds > 0 ? `Next try in ${seconds} s.` : "Trying again."} What is shown is from before.
        {links.length > 0 && (
          <span>
            {" "}
            Other members:{" "}
            {links.map(({ name, url }, at) => (
              <span key={url}>
                {at > 0 && ", "}
                <a class="banner-link" href={url + location.hash}>
                  {name || url}
                </a>
              </span>
            ))}
          </span>
        )}
      </div>
      <Button icon="refresh" onClick={probeNow}>
        Try now
      </Button>
    </div>
  );
}
