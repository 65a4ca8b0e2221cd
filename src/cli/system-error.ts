import { errorCode, errorText } from "../base/index.js";
import { type Bytes, bytesOf } from "./go-text.js";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ENOSPC: "no space left on device",
};

/** The text that Go has for an error: the operation, the file, and the reason. */
export function textOfError(error: unknown): Bytes {
  if (!(error instanceof Error)) return bytesOf(String(error));
  const { syscall, path } = { syscall: undefined, path: undefined, ...error };
  if (typeof syscall !== "string" || typeof path !== "string") return bytesOf(error.message);
  return `${syscall} ${bytesOf(path)}: ${reasonOf(error)}`;
}

/** The reason of a file error, in Go's words. */
export function reasonOf(error: unknown): Bytes {
  return reasons[errorCode(error)] ?? bytesOf(errorText(error));
}
