import { type Bytes, quote, textOf } from "../../../cli/index.js";
import { keyChanges, plainBytes, plainKey, sizesByPrefix } from "../../../server/index.js";
import { type Lines, textOfPlain } from "./lines.js";
import type { OpenMember } from "./open-member.js";

/** Prints all stored revisions of a key, oldest first. */
export async function showKey(
  { database, damaged }: OpenMember,
  wanted: Bytes,
  values: boolean,
  lines: Lines,
): Promise<void> {
  for await (const change of keyChanges(database, damaged)) {
    if (change.key !== wanted) continue;
    const { revision, sub, deleted, createRevision, version, lease, value } = change;
    const place = { key: plainKey(wanted), revision, sub };
    if (deleted) {
      await lines({ type: "revision", text: `${revision}.${sub} deleted`, fields: { ...place, deleted } });
      continue;
    }
    const leaseId = lease === 0n ? undefined : BigInt.asUintN(64, lease).toString(16);
    const shown = values ? plainBytes(value) : undefined;
    const text =
      `${revision}.${sub} put, created at ${createRevision}, version ${version}` +
      `${leaseId === undefined ? "" : `, lease ${leaseId}`}, ${value.length} bytes` +
      `${shown === undefined ? "" : `: ${textOfPlain(shown)}`}`;
    const bytes = { valueBytes: value.length, value: shown };
    await lines({ type: "revision", text, fields: { ...place, createRevision, version, lease: leaseId, ...bytes } });
  }
}

/** Prints how much the stored revisions of keys take, the largest prefix first. */
export async function showSizes(
  { database, damaged }: OpenMember,
  by: { readonly within: Bytes; readonly separator: Bytes; readonly depth: number },
  lines: Lines,
): Promise<void> {
  for (const size of await sizesByPrefix(database, by, damaged)) {
    const { changes, deletions, bytes } = size;
    const prefix = "prefix" in size ? size.prefix : undefined;
    const name = prefix === undefined ? "(all other prefixes)" : textOf(quote(prefix));
    const text = `${name}: ${bytes} bytes, ${changes} revisions, ${deletions} of them deletions`;
    const shown = prefix === undefined ? undefined : plainKey(prefix);
    await lines({ type: "size", text, fields: { prefix: shown, bytes, revisions: changes, deletions } });
  }
}
