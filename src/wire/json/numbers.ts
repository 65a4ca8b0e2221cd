/** A JSON number, possibly within a string, where other text may follow after a separator. */
const pattern = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?(?![-+._0-9a-zA-Z])/;
/** The most digits of a 64-bit integer; a larger exponent is not evaluated. */
const digitsMax = 20;

export interface IntegerRange {
  readonly least: bigint;
  readonly most: bigint;
}

export const integerRanges = {
  int32: { least: -(2n ** 31n), most: 2n ** 31n - 1n },
  uint32: { least: 0n, most: 2n ** 32n - 1n },
  int64: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
  uint64: { least: 0n, most: 2n ** 64n - 1n },
} as const satisfies Record<string, IntegerRange>;

/** The integer in the text, exponent included: `1e2` is 100. Undefined when it is not an integer, or out of range. */
export function parseJsonInteger(text: string, { least, most }: IntegerRange): bigint | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = found;
  const decimals = fraction.replace(/0+$/, "");
  const shift = Number(exponent);
  const digits = digitsOf(whole === "0" ? "" : whole, decimals, shift);
  if (digits === undefined) return undefined;
  const value = BigInt(digits) * (sign === "-" ? -1n : 1n);
  return value >= least && value <= most ? value : undefined;
}

function digitsOf(whole: string, decimals: string, shift: number): string | undefined {
  if (whole === "" && decimals === "") return "0";
  if (shift >= 0) {
    const zeros = shift - decimals.length;
    if (zeros < 0 || whole.length + shift > digitsMax) return undefined;
    return whole + decimals + "0".repeat(zeros);
  }
  if (decimals !== "" || -shift > whole.length) return undefined;
  return /^0*$/.test(whole.slice(shift)) ? whole.slice(0, shift) || "0" : undefined;
}
