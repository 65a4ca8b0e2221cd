import type { Binary } from "../text/binary.js";
import { previewOf } from "../values/preview.js";

/** A value in one line. */
export function ValuePreview({ value }: { readonly value: Binary }) {
  const { text, words } = previewOf(value);
  return text === undefined ? <span class="faint">{words}</span> : <span class="mono">{text}</span>;
}
