import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../../../src/client/index.js";
import { ServerProcess } from "../../support/server-process.js";
import { until } from "../../support/until.js";
import { ConsolePage, haveChromium, openBrowser } from "./browser.js";
import { prepareStore } from "./store.js";

// Tests what a user with few rights sees, on a member with authentication and without `--console-writes`.

describe.skipIf(!haveChromium())("the console with authentication", () => {
  let server: ServerProcess;
  let browser: Browser;
  let client: Client;
  let shown: ConsolePage;
  let lease: bigint;

  beforeAll(async () => {
    server = await ServerProcess.start({ kind: "ours", flags: ["--bcrypt-cost", "4"] });
    client = new Client({ endpoints: [server.endpoint], callTimeoutMs: 60_000 });
    await prepareStore(client);
    await client.addUser({ name: "root", password: "change-me" });
    await client.grantRole("root", "root");
    const { leases } = await client.leases();
    lease = leases[0]?.id ?? 0n;
    await client.enableAuth();
    browser = await openBrowser();
    shown = await ConsolePage.open(browser, server.endpoint, "keys");
  });

  afterAll(async () => {
    await browser?.close();
    client?.close();
    await server?.stop();
  });

  test("the page shows nothing before the login, and tells a wrong password", async () => {
    const { page } = shown;
    await page.getByRole("dialog", { name: "Log in" }).waitFor();
    expect(await page.getByText("app/").count()).toBe(0);
    expect(await shown.findings()).toEqual([]);
    await shown.shoot("login");
    await logIn("alice", "wrong");
    await page
      .getByRole("alert")
      .getByText(/authentication failed/)
      .waitFor();
  });

  test("a user who may read app/ sees its keys, and no other name or count", async () => {
    const { page } = shown;
    await logIn("alice", "secret");
    await page.getByText("app/").first().waitFor();
    const text = await page.locator("main").textContent();
    for (const other of ["services", "backup", "scheduler", "script"]) expect(text).not.toContain(other);
    await shown.shoot("keys-of-alice");
  });

  test("Live refuses what the user may not read, and shows what he may", async () => {
    await shown.go("live");
    await shown.shows("You may not watch these keys");
    await shown.go("live?prefix=app/");
    await shown.shows("Waiting for changes");
  });

  test("the user may ask about himself, and sees no other users", async () => {
    const { page } = shown;
    await shown.go("users");
    await shown.shows("Only root sees all users and roles");
    await page.getByRole("textbox", { name: "Key" }).fill("services/web");
    await page.getByRole("button", { name: "Ask" }).click();
    await shown.shows(/alice may not read/);
    expect(await page.getByText("auditor").count()).toBe(0);
  });

  test("without --console-writes no view offers a change", async () => {
    const { page } = shown;
    await page.getByRole("button", { name: "Log out" }).click();
    await logIn("root", "change-me");
    const change = /put|delete|revoke|new key|edit|compact|disarm|promote|move/i;
    for (const place of ["cluster", "keys?key=app/flags/dark-mode", `leases?lease=${lease}`, "locks", "users"]) {
      await shown.go(place);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await until(async () => (await page.locator(".loading").count()) === 0);
      expect(await page.getByRole("button", { name: change }).allInnerTexts(), place).toEqual([]);
    }
  });

  test("root asks why a user may do something", async () => {
    const { page } = shown;
    await shown.go("users?user=alice&key=app/config/limits");
    await page.getByRole("button", { name: "Ask" }).click();
    await shown.shows(/alice may read/);
    const why = page.getByRole("listitem").filter({ hasText: "role app" });
    expect(await why.textContent()).toBe("role appreadwritekeys that begin withapp/");
    await shown.shoot("users-why");
  });

  test("the keyboard alone leads through the page", async () => {
    const { page } = shown;
    const focused = (): Promise<unknown> => page.evaluate("document.activeElement.innerText");
    await page.reload();
    await page.getByRole("dialog", { name: "Log in" }).waitFor();
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type("secret");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    for (const [key, title] of [
      ["l", "Live"],
      ["e", "Leases"],
      ["o", "Locks and elections"],
      ["u", "Users and roles"],
      ["k", "Keys"],
      ["c", "Cluster"],
    ] as const) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
    }
    await page.evaluate("document.activeElement.blur()");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Cluster");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
  });

  async function logIn(name: string, password: string): Promise<void> {
    const dialog = shown.page.getByRole("dialog", { name: "Log in" });
    await dialog.getByLabel("User").fill(name);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Log in" }).click();
  }
});
