const grouped = new Intl.NumberFormat("en-US");

/** `12,345` */
export function countText(count: number): string {
  return grouped.format(count);
}

/** `950`, `12.3 k`, `1.2 M`: a number for a narrow place. */
export function shortCount(count: number): string {
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (Math.abs(count) >= size) return `${threeDigits(count / size)} ${unit}`;
  }
  return threeDigits(count);
}

/** `812 B`, `1.4 KiB`, `20 MiB` */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  // 1023.95 and more would be shown as 1024.
  while (Math.abs(size) >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(size) : threeDigits(size)} ${units[unit]}`;
}

/** The two largest units: `3 d 4 h`, `12 min 5 s`, `42 s`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** `0.42 ms`, `18 ms`, `1.3 s` */
export function millisText(ms: number): string {
  return ms >= 1000 ? `${threeDigits(ms / 1000)} s` : `${threeDigits(ms)} ms`;
}

/** A rate per second: `0`, `0.2`, `1,234`. */
export function rateText(rate: number): string {
  return rate >= 100 ? grouped.format(Math.round(rate)) : threeDigits(rate);
}

/** `42 %` of a share between 0 and 1 */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 1 ? "<1" : Math.round(percent)} %`;
}

/** The time of day: `14:03:22`. */
export function clockText(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** A 64-bit id as etcdctl prints it: hexadecimal, without leading zeros. @param decimal as JSON has it */
export function hexId(decimal: string): string {
  if (!/^-?\d+$/.test(decimal)) return decimal;
  return BigInt.asUintN(64, BigInt(decimal)).toString(16);
}

/** `1 key`, `2 keys` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** At most three digits that count: `0.04`, `1.23`, `12.3`, `123`. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
