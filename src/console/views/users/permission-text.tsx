import type { VNode } from "preact";
import type { Permission } from "../../api/console.js";
import { Badge } from "../../ui/badge.js";
import { KeyText } from "../../ui/key-text.js";
import { rangeOf } from "./permission-range.js";

/** A permission in words: "readwrite keys that begin with app/". */
export function PermissionText({ permission }: { readonly permission: Permission }): VNode {
  const { words, key, end } = rangeOf(permission);
  return (
    <span class="row permission">
      <Badge tone={permission.type === "read" ? "neutral" : "accent"}>{permission.type}</Badge>
      <span class="muted">{words}</span>
      {key !== undefined && <KeyText value={key} />}
      {end !== undefined && (
        <>
          <span class="muted">up to, without,</span>
          <KeyText value={end} />
        </>
      )}
    </span>
  );
}
