import { ConfChangeError, enterJoint, leaveJoint, type Membership, simpleChange } from "../../src/raft/changer.js";
import { sortedIds } from "../../src/raft/quorum.js";
import { describeConfig, emptyConfig } from "../../src/raft/tracker.js";
import type { Block } from "./datadriven.js";
import { parseChanges } from "./describe.js";

/** A membership that a script changes with `simple`, `enter-joint` and `leave-joint`. */
export class ConfChangeScript {
  #membership: Membership = { config: emptyConfig, progress: new Map() };
  #lastIndex = 0;

  handle(block: Block): string {
    try {
      this.#membership = this.#change(block);
      return describeMembership(this.#membership);
    } catch (error) {
      if (error instanceof ConfChangeError) return error.message;
      throw error;
    } finally {
      this.#lastIndex++;
    }
  }

  #change({ command, args, input }: Block): Membership {
    const changes = parseChanges(input);
    const context = { lastIndex: this.#lastIndex, limits: { messages: 10, bytes: Number.POSITIVE_INFINITY } };
    switch (command) {
      case "simple":
        return simpleChange(this.#membership, changes, context);
      case "enter-joint": {
        const autoLeave = args.find((each) => each.key === "autoleave")?.values[0] === "true";
        return enterJoint(this.#membership, changes, autoLeave, context);
      }
      case "leave-joint":
        if (changes.length > 0) throw new ConfChangeError("this command takes no input");
        return leaveJoint(this.#membership);
      default:
        throw new ConfChangeError("unknown command");
    }
  }
}

function describeMembership({ config, progress }: Membership): string {
  const lines = sortedIds(progress.keys()).map((id) => `${id}: ${progress.get(id)}\n`);
  return `${describeConfig(config)}\n${lines.join("")}`;
}
