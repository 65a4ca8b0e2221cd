import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

// Tests that the benchmark measures what it says. Its figures mean nothing here.

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "etcd-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bench(...args: readonly string[]): Promise<string> {
  const short = ["--rounds", "1", "--seconds", "0.1", "--warmup", "0"];
  const { stdout } = await promisify(execFile)(process.execPath, ["test/bench/bench.mjs", ...short, ...args], {
    cwd: root,
  });
  return stdout;
}

const figure = "[\\d.]+";
const rowOf = (name: string): RegExp =>
  new RegExp(
    `^${name} +etcd-ts +[1-9]\\d*/s  p50 ${figure} ms  p99 ${figure} ms  cpu ${figure} us  ` +
      `busiest thread ${figure} us  rss ${figure} MiB  ratio 1\\.00$`,
    "m",
  );

/** The things that are measured with a member inside a program, with their CPU time. */
const embedded = [
  ...["module load", "first start in a process", "start", "reset of 100 keys", "stop"],
  ...["get in process", "put in process", "start to first read, in a program"],
  "start to first read, etcd-ts as a process",
];

test("numbers in a report have no exponents", async () => {
  const { thousands } = await import(join(root, "test/bench/report.mjs"));
  const numbers = [0, 0.123, 9.96, 99.4, 99.5, 99.96, 100, 1_234.5];
  expect(numbers.map(thousands)).toEqual(["0", "0.12", "10", "99", "100", "100", "100", "1,235"]);
});

test("the benchmark measures a cluster with TLS and JWT", async () => {
  const workloads = ["put-1", "update-100", "txn-20", "watch-100", "lease-100"];
  const said = await bench("--members", "3", "--tls", "--jwt", "--workloads", workloads.join(","));
  for (const name of workloads) expect(said).toMatch(rowOf(name));
});

test("a report has tables of all settings and of a member in a program, and a chart", async () => {
  const byHand = "\n## At size\n\n| thing | etcd-ts |\n|---|---:|\n| ten million keys | 1 GiB |\n";
  writeFileSync(join(folder, "performance.md"), `# Performance\n\nThe run before.\n${byHand}`);
  const said = await bench("--report", "--into", folder, "--workloads", "put-1,get-100,embedded");
  const unit = "(?:ms|us)";
  for (const name of embedded) {
    expect(said).toMatch(new RegExp(`^${name} +${figure} ${unit}  cpu ${figure} ${unit}$`, "m"));
  }
  expect(said).toMatch(new RegExp(`^memory of an idle member above Node's own +${figure} MiB$`, "m"));
  const page = readFileSync(join(folder, "performance.md"), "utf8");
  const titles = ["One member", "Three members", "One member, TLS", "One member, JWT authentication"];
  expect([...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([
    ...titles,
    "Inside a program",
    "Workloads",
    "At size",
  ]);
  const rows = page.match(/^\| (?:put-1|get-100) \| etcd-ts \|.*$/gm) ?? [];
  expect(rows).toHaveLength(8);
  for (const row of rows) expect(row).toMatch(/^\| \S+ \| etcd-ts \|(?: [\d.,]+ \|){7}$/);
  expect(page.slice(-byHand.length), "the section that is written by hand").toBe(byHand);
  expect(page).not.toContain("The run before");
  expect(page).toMatch(/^\| get in process \| [\d.,]+ us \| [\d.,]+ us \|$/m);
  const chart = readFileSync(join(folder, "performance.svg"), "utf8");
  expect([...chart.matchAll(/<circle [^>]*><title>etcd-ts, /g)].length).toBe(16);
  const html = readFileSync(join(folder, "performance.html"), "utf8");
  for (const text of [page, chart, html]) expect(text).not.toMatch(/NaN|undefined|Infinity/);
  expect(html).not.toMatch(/(?:src|href)=/); // nothing has to be loaded
});
