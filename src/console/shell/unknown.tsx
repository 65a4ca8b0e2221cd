import { href } from "../state/route.js";
import { Empty } from "../ui/states.js";

export function Unknown() {
  return (
    <Empty title="There is nothing at this address" icon="search">
      <a href={href("cluster")}>Go to the cluster</a>
    </Empty>
  );
}
