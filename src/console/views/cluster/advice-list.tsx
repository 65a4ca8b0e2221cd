import { mayWrite, useSession } from "../../api/session.js";
import { Button } from "../../ui/button.js";
import { Code } from "../../ui/copy-button.js";
import { Icon } from "../../ui/icon.js";
import type { Change } from "../change/change-dialog.js";
import type { Advice } from "./advice.js";

export interface AdviceListProps {
  readonly all: readonly Advice[];
  onChange(change: Change): void;
}

/** Lists what needs a person, with the command lines that help. */
export function AdviceList({ all, onChange }: AdviceListProps) {
  const writes = mayWrite(useSession());
  if (all.length === 0) return null;
  return (
    <ul class="advice-list" aria-label="What needs attention">
      {all.map(({ tone, title, text, commands, alarm }) => (
        <li key={title} class={`advice ${tone}`}>
          <Icon name="alert" />
          <div class="grow">
            <p>
              <strong>{title}</strong>
            </p>
            {text !== "" && <p>{text}</p>}
            {commands.map((command) => (
              <Code key={command} text={command} />
            ))}
          </div>
          {writes && alarm && (
            <Button onClick={() => onChange({ kind: "disarm", memberId: alarm.memberId, alarm: alarm.name })}>
              Disarm
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
