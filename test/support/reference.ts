import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export type Release = "3.4" | "3.5";
export type Program = "etcd" | "etcdctl";

const folders: Record<Release, string | undefined> = { "3.4": process.env.ETCD34_BIN, "3.5": process.env.ETCD35_BIN };

const found = new Map<string, string | undefined>();

/** Finds the real program of a release, in `ETCD34_BIN` or `ETCD35_BIN` or in the PATH. */
export function findReference(program: Program, release: Release): string | undefined {
  const wanted = `${program} ${release}`;
  if (!found.has(wanted)) {
    const places = [folders[release], ...(process.env.PATH ?? "").split(delimiter)];
    const paths = places.flatMap((place) => (place ? [join(place, program)] : [])).filter((path) => existsSync(path));
    found.set(
      wanted,
      paths.find((path) => releaseOf(path).startsWith(release)),
    );
  }
  return found.get(wanted);
}

/**
 * Whether tests against the real programs can run here. If not, it prints one line and returns false. With `CI=true` it
 * throws, since nobody would notice the missing comparison.
 */
export function haveReference(...programs: readonly (readonly [Program, Release])[]): boolean {
  const missing = programs.filter(([program, release]) => findReference(program, release) === undefined);
  if (missing.length === 0) return true;
  const names = missing.map(([program, release]) => `${program} ${release}`).join(", ");
  const remedy = "set ETCD34_BIN and ETCD35_BIN, or install Debian's etcd-server and etcd-client";
  const line = `real ${names} not found (${remedy})`;
  if (process.env.CI === "true") throw new Error(line);
  console.warn(`skipped: ${line}`);
  return false;
}

/**
 * The servers of tests of a client: ours, and etcd 3.5 where it is installed. `npm run test:threads` repeats such tests
 * for the threads of our server, which etcd does not have.
 */
export function kindsForClients(): readonly ("ours" | "etcd 3.5")[] {
  const haveEtcd = process.env.ETCD_THREADS === undefined && haveReference(["etcd", "3.5"]);
  return haveEtcd ? ["ours", "etcd 3.5"] : ["ours"];
}

/** The path of a program that `haveReference` found. */
export function reference(program: Program, release: Release): string {
  const path = findReference(program, release);
  if (path === undefined) throw new Error(`real ${program} ${release} not found`);
  return path;
}

/** The release that a program reports, such as "3.5.30". */
export function releaseOf(path: string): string {
  const text = execFileSync(path, path.endsWith("etcdctl") ? ["version"] : ["--version"], { encoding: "utf8" });
  return /version: *(\S+)/i.exec(text)?.[1] ?? "unknown";
}
