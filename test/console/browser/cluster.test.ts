import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../../../src/client/index.js";
import type { Change } from "../../../src/console/api/changes.js";
import { commandOf } from "../../../src/console/views/change/command-line.js";
import { AlarmAction, AlarmType } from "../../../src/wire/index.js";
import { type Member, Members } from "../../e2e/members.js";
import { etcdctl } from "../../support/etcdctl.js";
import { until } from "../../support/until.js";
import { ConsolePage, haveChromium, narrow, openBrowser, wide } from "./browser.js";
import { prepareStore } from "./store.js";

// Tests the console in a real browser, against a cluster of three members with `--console-writes`.

const etcdctlPath = fileURLToPath(new URL("../../../bin/etcdctl", import.meta.url));

/** The views, each with a text that shows that it has loaded. */
const views = [
  { path: "cluster", shows: /^leader$/i },
  { path: "keys?prefix=app/config/", shows: "limits" },
  { path: "live?prefix=app/", shows: "Waiting for changes" },
  { path: "live?prefix=app/&tab=compare&from=1&to=999", shows: "came and went" },
  { path: "leases", shows: /services\/web/ },
  { path: "locks", shows: "backup" },
  { path: "users", shows: "auditor" },
] as const;

describe.skipIf(!haveChromium())("the console of a cluster", () => {
  let members: Members;
  let browser: Browser;
  let client: Client;
  let shown: ConsolePage;
  let serving: Member;

  beforeAll(async () => {
    members = await Members.startWith(() => ["--console-writes"], ["ours", "ours", "ours"]);
    client = new Client({ endpoints: members.all.map(({ endpoint }) => endpoint), callTimeoutMs: 60_000 });
    await prepareStore(client);
    serving = await aFollower(members);
    browser = await openBrowser();
    shown = await ConsolePage.open(browser, serving.endpoint);
  });

  afterAll(async () => {
    await browser?.close();
    client?.close();
    await members?.stop();
  });

  describe.each(views)("the view $path", ({ path, shows }) => {
    test("has no findings of axe-core, in light and dark and on a narrow screen", async () => {
      const name = path.replace(/[^a-z]+/g, "-");
      await shown.page.setViewportSize(wide);
      await shown.page.emulateMedia({ colorScheme: "light" });
      await shown.go(path);
      await shown.shows(shows);
      expect(await shown.findings()).toEqual([]);
      await shown.shoot(`${name}-light`);
      await shown.page.emulateMedia({ colorScheme: "dark" });
      expect(await shown.findings("color-contrast")).toEqual([]);
      await shown.shoot(`${name}-dark`);
      await shown.page.setViewportSize(narrow);
      expect(await shown.findings()).toEqual([]);
      await shown.fits();
      await shown.shoot(`${name}-narrow`);
      await shown.page.setViewportSize(wide);
      await shown.page.emulateMedia({ colorScheme: "light" });
    });
  });

  test("a key that etcdctl changes arrives in Live, and leads to the key at that revision", async () => {
    const { page } = shown;
    await shown.go("live?prefix=app/");
    await shown.shows("Waiting for changes");
    await etcdctl("ours", serving.endpoint, ["put", "app/motd", "first"]);
    await etcdctl("ours", serving.endpoint, ["put", "app/motd", "second"]);
    await etcdctl("ours", serving.endpoint, ["put", "other/motd", "unseen"]);
    await etcdctl("ours", serving.endpoint, ["del", "app/motd"]);
    const rows = page.getByRole("list", { name: "Events, newest first" }).getByRole("listitem");
    await rows.nth(2).waitFor();
    const [newest, middle, oldest] = await rows.allInnerTexts();
    expect([newest, middle, oldest].map((text) => text?.split(/\s+/).slice(0, 2).join(" "))).toEqual([
      "deleted app/motd",
      "put app/motd",
      "created app/motd",
    ]);
    await rows.nth(1).getByRole("button").click();
    await shown.shoot("live-event");
    await page.getByRole("link", { name: "The key at this revision" }).click();
    await page.waitForURL(/#\/keys\?key=app\/motd&revision=\d+/);
    await shown.shows("second");
  });

  test("a pause holds the list, and what came meanwhile is there afterwards", async () => {
    const { page } = shown;
    await shown.go("live?prefix=paused/");
    await shown.shows("Waiting for changes");
    await client.text.put("paused/1", "1");
    await shown.shows("paused/1");
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await client.text.put("paused/2", "2");
    const resume = page.getByRole("button", { name: "Go on (1 new)" });
    await resume.waitFor();
    expect(await page.getByText("paused/2").count()).toBe(0);
    await resume.click();
    await shown.shows("paused/2");
  });

  test("a put is refused when somebody else was faster, and made against what the user then sees", async () => {
    const { page } = shown;
    const key = "app/config/banner";
    const value = async () => Buffer.from((await client.range({ key })).kvs[0]?.value ?? []).toString();
    await shown.go(`keys?prefix=app/config/&key=${key}`);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Value" }).fill("Maintenance on Monday");
    await client.text.put(key, "Maintenance on Saturday");
    await page.getByRole("button", { name: "Review" }).click();
    const dialog = page.getByRole("dialog", { name: "Change a value" });
    await dialog.getByRole("alert").getByText("Somebody else has changed the key").waitFor();
    expect(await dialog.getByRole("button", { name: "Put…" }).isDisabled()).toBe(true);
    await dialog.getByRole("button", { name: "Go on with what is there now" }).click();
    await dialog.getByText("etcdctl txn").waitFor();
    expect(await shown.findings()).toEqual([]);
    await shown.shoot("change-put");
    await dialog.getByRole("button", { name: "Put…" }).click();
    expect(await value()).toBe("Maintenance on Saturday");
    await client.text.put(key, "Maintenance on Friday");
    await dialog.getByRole("button", { name: "Yes, put it" }).click();
    await dialog.getByRole("alert").getByText("Somebody else has changed the key").waitFor();
    expect(await value()).toBe("Maintenance on Friday");
    await dialog.getByRole("button", { name: "Go on with what is there now" }).click();
    await dialog.getByRole("button", { name: "Put…" }).click();
    await dialog.getByRole("button", { name: "Yes, put it" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await value()).toBe("Maintenance on Monday");
  });

  test("the tree of keys follows the store by itself", async () => {
    const { page } = shown;
    await shown.go("keys?prefix=growing/");
    await shown.shows("no keys");
    const row = (name: string) => page.getByRole("treeitem").filter({ hasText: name });
    await client.text.put("growing/first", "1");
    await row("first").waitFor();
    await client.text.put("growing/folder/second", "2");
    await row("folder/").click();
    await row("second").waitFor();
    await client.text.put("growing/folder/third", "3");
    await row("third").waitFor();
    await client.deleteRange({ key: "growing/first" });
    await row("first").waitFor({ state: "detached" });
    expect(await row("second").count()).toBe(1);
  });

  test("a key is deleted after a second click", async () => {
    const { page } = shown;
    await client.text.put("doomed", "1");
    await shown.go("keys?key=doomed");
    await page.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete a key" });
    await dialog.getByText("del -- ").waitFor();
    await dialog.getByRole("button", { name: "Delete…" }).click();
    expect((await client.range({ key: "doomed" })).count).toBe(1);
    await dialog.getByRole("button", { name: "Yes, delete it" }).click();
    await shown.shows(/Deleted at revision/);
    expect((await client.range({ key: "doomed" })).count).toBe(0);
  });

  test("a key's history shows what changed between two revisions", async () => {
    const { page } = shown;
    await shown.go("keys?prefix=app/config/&key=app/config/limits");
    await page.getByRole("tab", { name: "History" }).click();
    await page
      .getByRole("list", { name: /^Versions/ })
      .getByRole("listitem")
      .nth(2)
      .waitFor();
    await page.getByLabel("Changed lines").getByText('"burst": 800').waitFor();
    expect(await shown.findings()).toEqual([]);
    await shown.shoot("keys-history");
  });

  test("names and values are text, whatever they contain", async () => {
    await shown.go("keys?key=%3Cscript%3Ealert(1)%3C/script%3E");
    await shown.shows("<img src=x onerror=alert(1)>");
    expect(await shown.page.locator("img").count()).toBe(0);
  });

  test("a lease is revoked after a second click, and its keys with it", async () => {
    const { page } = shown;
    const { id } = await client.grantLease({ ttl: 600 });
    await client.put({ key: "leased/1", value: Buffer.from("1"), lease: id });
    await shown.go(`leases?lease=${id}`);
    await page.getByRole("button", { name: "Revoke" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`etcdctl lease revoke ${id.toString(16)}`).waitFor();
    expect(await shown.findings()).toEqual([]);
    await dialog.getByRole("button", { name: "Revoke…" }).click();
    expect((await client.range({ key: "leased/1" })).count).toBe(1);
    await dialog.getByRole("button", { name: "Yes, revoke it" }).click();
    await shown.shows("There is no such lease");
    expect((await client.range({ key: "leased/1" })).count).toBe(0);
  });

  test("the lines of etcdctl that the page shows do what the page would do", async () => {
    const run = async (change: Change): Promise<string> => {
      const etcdctl = `etcdctl() { "${process.execPath}" "${etcdctlPath}" --endpoints ${serving.endpoint} "$@"; }`;
      const { stdout } = await promisify(execFile)("bash", ["-c", `${etcdctl}\n${commandOf(change)}`]);
      return stdout;
    };
    const seen = async (key: string) => (await client.range({ key })).kvs[0];
    const key = 'line/it\'s "odd" \\ $HOME `key`\n\xff\xc3\xbc';
    const value = "- a value\n\t'with' \"quotes\" \\x41 EOF\nEOF\n\0\x80 ";
    const lease = String((await client.grantLease({ ttl: 600 })).id);
    await run({ kind: "put", key, value, lease: "0", modRevision: 0 });
    const created = await seen(key);
    expect(Buffer.from(created?.value ?? []).toString("latin1")).toBe(value);
    await run({ kind: "put", key, value: "", lease, modRevision: created?.modRevision ?? 0 });
    const changed = await seen(key);
    expect([changed?.value.length, String(changed?.lease)]).toEqual([0, lease]);
    expect(await run({ kind: "put", key, value: "late", lease: "0", modRevision: 1 })).toMatch(/^FAILURE/);
    expect((await seen(key))?.modRevision).toBe(changed?.modRevision);
    await run({ kind: "delete", key, modRevision: changed?.modRevision ?? 0 });
    expect(await seen(key)).toBeUndefined();
    expect(await run({ kind: "revoke", lease, keys: [] })).toBe(
      `lease ${BigInt(lease).toString(16).padStart(16, "0")} revoked\n`,
    );
    const revision = changed?.modRevision ?? 0;
    expect(await run({ kind: "compact", revision })).toBe(`compacted revision ${revision}\n`);
  });

  test("only the leader hands over its leadership, so the page of another member leads to its page", async () => {
    const { page } = shown;
    const leader = await theLeader(members);
    await shown.go("cluster");
    await page.getByRole("button", { name: "Make leader" }).first().click();
    const dialog = page.getByRole("dialog");
    const link = dialog.getByRole("link");
    expect(await link.getAttribute("href")).toBe(`http://${leader.endpoint}/console/#/cluster`);
    expect(await dialog.getByRole("button").count()).toBe(1); // It closes the dialog.
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  test("the page of the leader hands over its leadership", async () => {
    const leader = await theLeader(members);
    const { page } = await ConsolePage.open(browser, leader.endpoint, "cluster");
    await page
      .getByRole("row", { name: new RegExp(`^ok ${serving.name} `) })
      .getByRole("button", { name: "Make leader" })
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("etcdctl move-leader").waitFor();
    await dialog.getByRole("button", { name: "Move…" }).click();
    expect(await theLeader(members)).toBe(leader);
    await dialog.getByRole("button", { name: "Yes, move it" }).click();
    await dialog.waitFor({ state: "detached" });
    await until(async () => (await theLeader(members)) === serving);
    await page.close();
    const former = await memberId(leader);
    await asking(serving, (servingClient) => servingClient.moveLeader(former));
  });

  test("a learner that has not caught up is not promoted, and the page says why", async () => {
    // The browser complains about a refused request, so this is a page of its own.
    const { page } = await ConsolePage.open(browser, serving.endpoint, "cluster");
    const { member } = await client.addMember({ peerUrls: ["http://127.0.0.1:1"], isLearner: true });
    await page.getByRole("button", { name: "Promote" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`etcdctl member promote ${member?.id.toString(16)}`).waitFor();
    await dialog.getByRole("button", { name: "Promote…" }).click();
    await dialog.getByRole("button", { name: "Yes, promote it" }).click();
    await dialog.getByRole("alert").getByText("can only promote a learner member").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await client.removeMember(member?.id ?? 0n);
    await page.getByRole("button", { name: "Promote" }).waitFor({ state: "detached" });
    await page.close();
  });

  test("an alarm is shown with what helps, and disarmed after a second click", async () => {
    const { page } = shown;
    const id = await memberId(serving);
    await client.alarm({ action: AlarmAction.ACTIVATE, memberId: id, alarm: AlarmType.NOSPACE });
    await shown.go("cluster");
    const advice = page.getByRole("list", { name: "What needs attention" });
    await advice.getByText("the cluster refuses writes").waitFor();
    expect(await shown.findings()).toEqual([]);
    await shown.shoot("cluster-alarm");
    await advice.getByRole("button", { name: "Disarm" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Disarm…" }).click();
    await expect(client.text.put("app/motd", "1")).rejects.toThrow("space exceeded");
    await dialog.getByRole("button", { name: "Yes, disarm it" }).click();
    await advice.waitFor({ state: "detached" });
    await client.text.put("app/motd", "2");
  });

  test("old revisions are compacted up to the one that the user chose", async () => {
    const { page } = shown;
    await client.text.put("compacted", "1");
    const { revision = 0 } = (await client.put({ key: "compacted", value: Buffer.from("2") })).header ?? {};
    await shown.go("cluster");
    await page.getByRole("button", { name: "Compact" }).click();
    await page.getByLabel("Oldest revision to keep").fill(String(revision));
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByText(`etcdctl compaction ${revision}`).waitFor();
    await page.getByRole("button", { name: "Compact…" }).click();
    await page.getByRole("button", { name: "Yes, compact it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect((await client.range({ key: "compacted", revision })).count).toBe(1);
    await expect(client.range({ key: "compacted", revision: revision - 1 })).rejects.toThrow("compacted");
  });

  test("the leader dies: the page goes on by itself, and Live misses nothing", async () => {
    await shown.go("live?prefix=during/");
    await shown.shows("Waiting for changes");
    const leader = await theLeader(members);
    await leader.kill();
    // Writes fail until there is a new leader.
    await until(async () => {
      const put = await etcdctl("ours", serving.endpoint, ["put", "during/failover", "written by the new leader"]);
      return put.code === 0;
    });
    await shown.shows("during/failover");
    await shown.go("cluster");
    await shown.shows(/not reached|does not answer|unreachable/i);
    const next = await theLeader(members);
    await shown.page
      .getByRole("row", { name: new RegExp(`\\b${next.name}\\b.*leader`, "i") })
      .first()
      .waitFor();
    await shown.shoot("cluster-without-a-member");
    expect(await shown.findings()).toEqual([]);
  });

  test("the page asks no other host, and the browser has nothing to complain about", () => {
    expect([...shown.hosts]).toEqual([serving.endpoint]);
    expect(shown.complaints).toEqual([]);
  });
});

async function theLeader({ all }: Members): Promise<Member> {
  let leader: Member | undefined;
  await until(async () => {
    leader = undefined;
    for (const member of all) if (await leads(member)) leader = member;
    return leader !== undefined;
  });
  if (leader === undefined) throw new Error("no member leads");
  return leader;
}

async function memberId(member: Member): Promise<bigint> {
  const { header } = await asking(member, (client) => client.status());
  return header?.memberId ?? 0n;
}

/** Asks one member, which need not lead. */
async function asking<T>({ endpoint }: Member, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ endpoints: [endpoint] });
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

async function aFollower(members: Members): Promise<Member> {
  const leader = await theLeader(members);
  const follower = members.all.find((member) => member !== leader);
  if (follower === undefined) throw new Error("all members lead");
  return follower;
}

async function leads({ endpoint }: Member): Promise<boolean> {
  const client = new Client({ endpoints: [endpoint], callTimeoutMs: 2_000 });
  try {
    const { header, leader } = await client.status();
    return header?.memberId === leader;
  } catch {
    return false; // The member is down.
  } finally {
    client.close();
  }
}
