/** Parses a boolean as Go's `strconv.ParseBool`; undefined for any other text. */
export function parseBoolean(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

/** Parses an integer as Go does with base 0: `0x1f`, `0b11`, `0o17`, `017`, `1_000`; undefined if it is not one. */
export function parseInteger(text: string): bigint | undefined {
  const sign = /^[+-]/.test(text) ? text[0] : "";
  const digits = sign === "" ? text : text.slice(1);
  if (/__|_$|^_/.test(digits)) return undefined;
  const plain = digits.replaceAll("_", "");
  let magnitude: bigint;
  if (/^0[xX][0-9a-fA-F]+$|^0[bB][01]+$|^0[oO][0-7]+$/.test(plain)) magnitude = BigInt(plain.toLowerCase());
  else if (/^0[0-7]+$/.test(plain)) magnitude = BigInt(`0o${plain.slice(1)}`);
  else if (/^(0|[1-9][0-9]*)$/.test(plain)) magnitude = BigInt(plain);
  else return undefined;
  return sign === "-" ? -magnitude : magnitude;
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/**
 * Parses a duration as Go's `time.ParseDuration` ("1h30m", "-1.5s", "0") into milliseconds; undefined if it is not one.
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0;
  if (rest === "") return undefined;
  let total = 0;
  while (rest !== "") {
    const part = /^([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    const scale = nanoseconds[part?.[2] ?? ""];
    if (part === null || scale === undefined) return undefined;
    total += Number(part[1]) * scale;
    rest = rest.slice(part[0].length);
  }
  // Go counts nanoseconds in 63 bits, at most 292 years.
  return total < 2 ** 63 ? (sign * total) / 1e6 : undefined;
}

/** Formats milliseconds as Go prints a duration: "2h0m0s", "100ms", "0s". */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return "0s";
  if (ms < 1e-3) return `${Math.round(ms * 1e6)}ns`;
  if (ms < 1) return `${decimal(ms * 1e3)}µs`;
  if (ms < 1_000) return `${decimal(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${decimal((ms % 60_000) / 1_000)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function decimal(value: number): string {
  return String(Number(value.toFixed(9)));
}

/** The characters that Go quotes with a letter, in any kind of quotes. */
export const goEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};
