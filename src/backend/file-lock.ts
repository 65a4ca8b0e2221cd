import { readFile, stat } from "node:fs/promises";

/**
 * Whether a process of this machine holds a lock on a file. Node cannot ask the system; Linux lists all locks by the
 * number of the file. Elsewhere, and for a process in another container, the answer is no.
 */
export async function isLocked(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  const locks = await readFile("/proc/locks", "latin1").catch(() => "");
  return locks.split("\n").some((line) => {
    // Number, kind, ADVISORY or MANDATORY, READ or WRITE, process, file, and the locked range.
    const [, kind, , , , file] = line.trim().split(/\s+/);
    return (kind === "POSIX" || kind === "FLOCK" || kind === "OFDLCK") && file?.split(":").at(-1) === String(found.ino);
  });
}
