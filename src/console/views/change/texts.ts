import type { Change } from "../../api/changes.js";
import { shownKey } from "../../text/binary.js";
import { countText, hexId } from "../../text/format.js";

/** How the dialog speaks of a change. */
export interface ChangeTexts {
  readonly title: string;
  /** The button that asks for the confirmation. */
  readonly action: string;
  /** The button that makes the change. */
  readonly confirm: string;
  /** The consequences of the change. */
  readonly effect: string;
  /** A message after it. */
  readonly done: string;
}

export function textsOf(change: Change): ChangeTexts {
  switch (change.kind) {
    case "put":
      return putTexts(shownKey(change.key), change.modRevision);
    case "delete":
      return {
        title: "Delete a key",
        action: "Delete",
        confirm: "Yes, delete it",
        effect: "Earlier revisions of the key stay readable until they are compacted.",
        done: `Deleted ${shownKey(change.key)}`,
      };
    case "revoke":
      return {
        title: "Revoke a lease",
        action: "Revoke",
        confirm: "Yes, revoke it",
        effect: `The lease ends at once${keysText(change.keys.length)}. Its owner may be using it.`,
        done: `Revoked lease ${hexId(change.lease)}`,
      };
    case "promote":
      return {
        title: `Promote ${change.name}`,
        action: "Promote",
        confirm: "Yes, promote it",
        effect: "The learner becomes a voting member. The cluster refuses this until the learner has caught up.",
        done: `${change.name} is a voting member now`,
      };
    case "move-leader":
      return {
        title: `Move the leadership to ${change.name}`,
        action: "Move",
        confirm: "Yes, move it",
        effect: "Writes wait for the new leader, usually for less than a second.",
        done: `${change.name} leads now`,
      };
    case "disarm":
      return {
        title: `Disarm the alarm ${change.alarm}`,
        action: "Disarm",
        confirm: "Yes, disarm it",
        effect: "Disarms this alarm of this member; the line below disarms all. It returns unless its cause is gone.",
        done: `Disarmed ${change.alarm}`,
      };
    case "compact":
      return {
        title: `Compact revision ${countText(change.revision)}`,
        action: "Compact",
        confirm: "Yes, compact it",
        effect:
          "All earlier revisions are removed for good: no read, watch or comparison can go back behind this revision.",
        done: `Compacted up to revision ${countText(change.revision)}`,
      };
  }
}

function putTexts(key: string, modRevision: number): ChangeTexts {
  return modRevision === 0
    ? {
        title: "Create a key",
        action: "Create",
        confirm: "Yes, create it",
        effect: "The key is created only if there is still none of this name.",
        done: `Created ${key}`,
      }
    : {
        title: "Change a value",
        action: "Put",
        confirm: "Yes, put it",
        effect: "The value is put only if nobody has changed the key since you read it.",
        done: `Put ${key}`,
      };
}

function keysText(count: number): string {
  if (count === 0) return "";
  return count === 1 ? ", and its key is deleted" : `, and its ${countText(count)} keys are deleted`;
}
