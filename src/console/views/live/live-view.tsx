import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { navigate, useRoute } from "../../state/route.js";
import { type Binary, bytesOfTyped, typedForm } from "../../text/binary.js";
import { shortCount } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { Field } from "../../ui/field.js";
import { Page } from "../../ui/page.js";
import { Tabs } from "../../ui/tabs.js";
import type { View } from "../view.js";
import { Comparison } from "./comparison.js";
import { Events } from "./events.js";
import { useLiveLog } from "./live-log.js";

export const liveView: View = {
  path: "live",
  title: "Live",
  icon: "live",
  key: "l",
  component: LiveView,
};

/** Events of a prefix as they come, and what changed below it between two revisions. */
function LiveView(): VNode {
  const { parameters } = useRoute();
  const prefix = parameters.prefix ?? "";
  const tab = parameters.tab === "compare" ? "compare" : "events";
  const log = useLiveLog(prefix);
  return (
    <Page title="Live" lead="Changes of keys as they happen, and what has changed between two revisions.">
      <PrefixForm key={prefix} prefix={prefix} onPrefix={(next) => navigate("live", { ...parameters, prefix: next })} />
      <Tabs
        label="What to show"
        tabs={[
          { id: "events", title: "Events", count: shortCount(log.total) },
          { id: "compare", title: "Between two revisions" },
        ]}
        selected={tab}
        onSelect={(id) => navigate("live", { ...parameters, tab: id })}
      />
      {tab === "events" ? (
        <Events prefix={prefix} log={log} />
      ) : (
        <Comparison prefix={prefix} from={parameters.from} to={parameters.to} />
      )}
    </Page>
  );
}

function PrefixForm({
  prefix,
  onPrefix,
}: {
  readonly prefix: Binary;
  readonly onPrefix: (prefix: Binary) => void;
}): VNode {
  const [typed, setTyped] = useState(typedForm(prefix));
  return (
    <form
      class="row live-prefix"
      onSubmit={(event) => {
        event.preventDefault();
        onPrefix(bytesOfTyped(typed));
      }}
    >
      <Field label="Keys that begin with">
        {(id) => (
          <input
            id={id}
            class="mono"
            value={typed}
            placeholder="all keys"
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" disabled={bytesOfTyped(typed) === prefix}>
        Watch
      </Button>
    </form>
  );
}
