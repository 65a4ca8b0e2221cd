import { href } from "../state/route.js";
import { Page } from "../ui/page.js";
import { Empty } from "../ui/states.js";

/** Shown for an address that no view has. */
export function Unknown() {
  return (
    <Page title="Not found">
      <Empty title="There is nothing at this address" icon="search">
        <a href={href("cluster")}>Go to the cluster</a>
      </Empty>
    </Page>
  );
}
