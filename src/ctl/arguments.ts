import { readFileSync } from "node:fs";
import { type Bytes, bytesOf } from "./go-text.js";

/**
 * The arguments' own bytes. Node decodes them as UTF-8 and loses what is none; the kernel still knows it.
 *
 * @param argv as Node has them
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
