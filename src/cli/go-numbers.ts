import { quote } from "./go-text.js";

/** The error of Go's strconv for text that is no number or out of range. */
export class NumberError extends Error {}

const digits: Readonly<Record<number, RegExp>> = { 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ };

/** `strconv.ParseInt(text, radix, 64)`. @throws NumberError */
export function parseInt64(text: string, radix: 10 | 16): bigint {
  const value = parse("ParseInt", text.replace(/^[+-]/, ""), radix, text);
  const signed = text.startsWith("-") ? -value : value;
  if (BigInt.asIntN(64, signed) !== signed) throw outOfRange("ParseInt", text);
  return signed;
}

/** `strconv.ParseUint(text, radix, 64)`. @throws NumberError */
export function parseUint64(text: string, radix: 10 | 16): bigint {
  const value = parse("ParseUint", text, radix, text);
  if (BigInt.asUintN(64, value) !== value) throw outOfRange("ParseUint", text);
  return value;
}

/** A revision or count as a number, limited to 2^53 - 1. No store reaches larger ones, so the limit means the same. */
export function saturated(value: bigint): number {
  const number = Number(value);
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number));
}

/** A signed 64-bit id as Go's `%016x` prints it. */
export function hexId(id: bigint): string {
  return id < 0n ? `-${(-id).toString(16).padStart(15, "0")}` : id.toString(16).padStart(16, "0");
}

export function invalidSyntax(call: string, text: string): NumberError {
  return new NumberError(`strconv.${call}: parsing ${quote(text)}: invalid syntax`);
}

export function outOfRange(call: string, text: string): NumberError {
  return new NumberError(`strconv.${call}: parsing ${quote(text)}: value out of range`);
}

function parse(call: string, magnitude: string, radix: 10 | 16, text: string): bigint {
  if (digits[radix]?.test(magnitude) !== true) throw invalidSyntax(call, text);
  return BigInt(radix === 16 ? `0x${magnitude}` : magnitude);
}

const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/** A size as etcd's programs print it, such as `20 kB`: units of powers of 1000, one decimal below ten. */
export function humanSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  const power = Math.floor(Math.log(bytes) / Math.log(1_000));
  const value = Math.floor((bytes / 1_000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : toEven(value)} ${units[power]}`;
}

/** Rounds halves to the even neighbour, as Go's printing does. */
function toEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}
