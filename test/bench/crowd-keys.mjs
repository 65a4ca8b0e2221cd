/** A key that the watchers of size.mjs come back to. */
export function crowdKey(number) {
  return `crowd/${String(number).padStart(28, "0")}`;
}
