import { readFileSync } from "node:fs";
import { type Bytes, bytesOf } from "./go-text.js";

/**
 * The arguments as bytes. Node decodes them as UTF-8, which loses invalid bytes, so they are read from /proc.
 *
 * @param argv the arguments as Node decoded them
 */
export function argumentBytes(argv: readonly string[]): readonly Bytes[] {
  if (!argv.some((argument) => argument.includes("\ufffd"))) return argv.map(bytesOf);
  try {
    const line = readFileSync("/proc/self/cmdline", "latin1").split("\0").slice(0, -1);
    return argv.length === 0 ? [] : line.slice(-argv.length);
  } catch {
    return argv.map(bytesOf);
  }
}
