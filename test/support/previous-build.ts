import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The last commit whose members have no API level: they are of 3.5, and put requests of the v2 store into the log. */
const commit = "449c2f49717feb6b09bb62e9552df26f0cd4c450";
/** The packages that a build needs, and the server does not. */
const tools = ["typescript", "rolldown", "@types/node", "@types/ws"];
/** The steps of a build that the server needs. */
const steps = [
  ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"],
  ["bin/bundle-etcdctl"],
  ["bin/bundle-library"],
];
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "etcd-ts-previous", commit);

/**
 * Builds the server as it was before members had API levels, with the packages that it had then, once for each
 * checkout.
 *
 * @returns the root of that build; undefined where git does not have the commit, which it says in one line
 */
export function previousBuild(): string | undefined {
  if (existsSync(folder)) return folder;
  if (!hasCommit()) {
    const line = `the commit ${commit.slice(0, 7)} is not in the history of this checkout, nor at its origin`;
    // Nobody would notice there that the upgrade is not tested.
    if (process.env.CI === "true" && existsSync(join(root, ".git"))) throw new Error(line);
    console.warn(`skipped: ${line}`);
    return undefined;
  }
  mkdirSync(dirname(folder), { recursive: true });
  const building = mkdtempSync(`${folder}-`);
  const wanted = ["src", "bin", "proto", "docs/reference", "package.json", "package-lock.json", "tsconfig.json"];
  const files = execFileSync("git", ["archive", commit, ...wanted], { cwd: root, maxBuffer: 256 * 1024 * 1024 });
  execFileSync("tar", ["-x", "-C", building], { input: files });
  npm(building, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--silent");
  // The tools of a build are the ones that are here: what runs is the code and the packages of that commit.
  for (const tool of tools) {
    mkdirSync(dirname(join(building, "node_modules", tool)), { recursive: true });
    symlinkSync(join(root, "node_modules", tool), join(building, "node_modules", tool));
  }
  for (const step of steps)
    execFileSync(process.execPath, step, { cwd: building, stdio: ["ignore", "inherit", "inherit"] });
  // Only a complete build gets the name that is looked for. Another worker may have been faster.
  if (existsSync(folder)) rmSync(building, { recursive: true });
  else renameSync(building, folder);
  return folder;
}

function npm(cwd: string, ...words: readonly string[]): void {
  execFileSync("npm", words, { cwd, stdio: ["ignore", "inherit", "inherit"] });
}

/** A shallow checkout may lack the commit, but its origin has it. */
function hasCommit(): boolean {
  const git = (...words: readonly string[]): boolean => spawnSync("git", words, { cwd: root }).status === 0;
  const isThere = (): boolean => git("cat-file", "-e", `${commit}^{commit}`);
  return isThere() || (git("fetch", "--quiet", "--depth=1", "origin", commit) && isThere());
}
