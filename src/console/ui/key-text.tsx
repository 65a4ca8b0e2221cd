import { type Binary, shownParts } from "../text/binary.js";

/** A key, or a part of one. Bytes without a readable character are marked. */
export function KeyText({ value }: { readonly value: Binary }) {
  return (
    <span class="key-text" translate={false}>
      {shownParts(value).map(({ text, escaped }, at) =>
        escaped ? (
          <span key={at} class="escaped" title="bytes that are no readable text">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </span>
  );
}
