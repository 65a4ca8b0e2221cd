import type { Binary } from "../../text/binary.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { hexRow, hexRowCount } from "../../values/hex.js";
import { lineHeight, listHeight } from "./line-height.js";

/** The bytes of a value, 16 in a row. */
export function HexView({ value }: { readonly value: Binary }) {
  const rows = hexRowCount(value);
  return (
    <div class="value-lines hex" style={{ blockSize: listHeight(rows) }}>
      <VirtualList
        rows={rows}
        rowHeight={lineHeight}
        label="Bytes of the value"
        render={(index) => {
          const { offset, hex, characters } = hexRow(value, index);
          return (
            <li key={index} class="value-line">
              <span class="faint">{offset}</span>
              <span>{hex}</span>
              <span class="muted">{characters}</span>
            </li>
          );
        }}
      />
    </div>
  );
}
