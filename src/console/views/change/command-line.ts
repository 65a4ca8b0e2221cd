import type { Change, KeyChangeRequest } from "../../api/changes.js";
import type { Binary } from "../../text/binary.js";
import { shownParts } from "../../text/binary.js";
import { hexId } from "../../text/format.js";
import { etcdctlLine } from "../../text/shell.js";

/** The command line of etcdctl that makes the same change. */
export function commandOf(change: Change): string {
  switch (change.kind) {
    case "put":
    case "delete":
      return transaction(change);
    case "revoke":
      return etcdctlLine(["lease", "revoke", hexId(change.lease)]);
    case "promote":
      return etcdctlLine(["member", "promote", hexId(change.memberId)]);
    case "move-leader":
      return etcdctlLine(["move-leader", hexId(change.memberId)]);
    case "disarm":
      return etcdctlLine(["alarm", "disarm"]);
    case "compact":
      return etcdctlLine(["compaction", String(change.revision)]);
  }
}

/**
 * `etcdctl txn` reads comparisons, then the operations to do if they hold, then those to do otherwise. An empty line
 * ends each of the three.
 */
function transaction(change: KeyChangeRequest): string {
  const key = quoted(change.key);
  const lease = change.kind === "put" && change.lease !== "0" ? `--lease=${hexId(change.lease)} ` : "";
  const operation = change.kind === "put" ? `put ${lease}-- ${key} ${quoted(change.value)}` : `del -- ${key}`;
  return ["etcdctl txn <<'EOF'", `mod(${key}) = "${change.modRevision}"`, "", operation, "", "", "EOF"].join("\n");
}

/** A string in double quotes as Go reads it. */
function quoted(binary: Binary): string {
  const parts = shownParts(binary).map(({ text, escaped }) =>
    escaped ? text : text.replace(/[\\"]/g, (character) => `\\${character}`),
  );
  return `"${parts.join("")}"`;
}
