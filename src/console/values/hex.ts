import type { Binary } from "../text/binary.js";

const bytesInRow = 16;

export interface HexRow {
  readonly offset: string;
  /** Two groups of eight bytes. */
  readonly hex: string;
  /** The bytes as ASCII; a point for all that have no character. */
  readonly characters: string;
}

export function hexRowCount(value: Binary): number {
  return Math.ceil(value.length / bytesInRow);
}

export function hexRow(value: Binary, row: number): HexRow {
  const start = row * bytesInRow;
  const bytes = value.slice(start, start + bytesInRow);
  const codes = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
  const hex = [codes.slice(0, 8), codes.slice(8)].map((half) => half.join(" ")).join("  ");
  return {
    offset: start.toString(16).padStart(8, "0"),
    hex: hex.trimEnd().padEnd(bytesInRow * 3),
    characters: bytes.replace(/[^\x20-\x7e]/g, "."),
  };
}

/** The whole value, as `hexdump -C` prints it. */
export function hexText(value: Binary): string {
  return Array.from({ length: hexRowCount(value) }, (_, row) => {
    const { offset, hex, characters } = hexRow(value, row);
    return `${offset}  ${hex}  |${characters}|`;
  }).join("\n");
}
