import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { blocksOf, pages, readPage, root } from "./page.js";

// Tests that all commands on the pages are run by a test or have a reason why not, and that all links have a target.

/** The test that runs the commands and programs of a section. `*` stands for all sections of the page. */
const runBy: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": {
    "": "programs.test.ts",
    "A first minute": "commands.test.ts",
    "A cluster": "cluster.test.ts",
    "From a program": "programs.test.ts",
  },
  "docs/cli.md": {
    "A tour": "commands.test.ts",
    etcdutl: "commands.test.ts",
    "etcd gateway": "commands.test.ts",
    "etcd grpc-proxy": "commands.test.ts",
  },
  "docs/client.md": { "*": "programs.test.ts" },
  "docs/coming-from-etcd3.md": { "*": "coming-from-etcd3.test.ts" },
  "docs/console.md": { "*": "commands.test.ts" },
  "docs/embedding.md": { "*": "programs.test.ts" },
  "docs/testing.md": { "*": "programs.test.ts" },
  "docs/http.md": { "*": "http.test.ts" },
  "docs/monitoring.md": { "*": "commands.test.ts" },
  "docs/operations.md": { "*": "cluster.test.ts" },
  "docs/security.md": { "Users and roles": "users.test.ts", "Securing a cluster": "secure-cluster.test.ts" },
  "docs/settings.md": { "*": "commands.test.ts" },
};

describe.each(pages())("%s", (page) => {
  test("every command and program is run by a test, or has a reason why not", () => {
    const sections = runBy[page] ?? {};
    const runnable = blocksOf(page).filter(({ language }) => ["sh", "ts", "js"].includes(language));
    const silent = runnable.filter(
      ({ section, notRun }) => notRun === undefined && (sections["*"] ?? sections[section]) === undefined,
    );
    expect(silent.map(({ line }) => line)).toEqual([]);
    for (const { notRun } of runnable) if (notRun !== undefined) expect(notRun.split(" ").length).toBeGreaterThan(4);
    for (const file of new Set(Object.values(sections))) {
      const source = readPage(`test/e2e/docs/${file}`);
      expect(source, `${file} runs ${page}`).toContain(`"${page}"`);
    }
  });

  test("every link leads to an existing file and heading of the repository", () => {
    const links = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const broken = links.filter((target) => !/^https?:/.test(target) && !leads(page, target));
    expect(broken).toEqual([]);
  });
});

test.each(["ARCHITECTURE.md", ...pages().filter((page) => page.startsWith("docs/internals/"))])(
  "%s names existing files",
  (page) => {
    const named = [...readPage(page).matchAll(/`([\w-]+(?:\/[\w.-]+)*\/[\w.-]+\.(?:ts|proto|md|yml|json))`/g)];
    const missing = named.map(([, path = ""]) => path).filter((path) => !existsSync(join(root, path)));
    expect(missing.filter((path) => !existsSync(join(root, "src", path)))).toEqual([]);
  },
);

test("every page in the table of tests exists", () => {
  expect(Object.keys(runBy).filter((page) => !pages().includes(page))).toEqual([]);
});

function leads(from: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(target).has(anchor);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}
