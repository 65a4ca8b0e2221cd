import { type Bytes, bytesOf } from "./go-text.js";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ENOSPC: "no space left on device",
};

/** What the system says of a file, in the words that Go prints. */
export function reasonOf(error: unknown): Bytes {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? bytesOf(error instanceof Error ? error.message : String(error));
}
