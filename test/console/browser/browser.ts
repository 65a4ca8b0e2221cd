import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--force-color-profile=srgb"],
];
/** The longest wait for an element, on a slow machine as well. */
const patienceMs = 60_000;

/** Whether Debian's chromium is installed. With `CI=true` its absence is a failure, since nobody would notice it. */
export function haveChromium(): boolean {
  if (existsSync(program)) return true;
  const line = `chromium not found at ${program} (install it with apt-get, or set CHROMIUM)`;
  if (process.env.CI === "true") throw new Error(line);
  console.warn(`skipped: ${line}`);
  return false;
}

export const wide = { width: 1280, height: 800 };
export const narrow = { width: 360, height: 740 };

/** A page of the console, and what the browser complained about. */
export class ConsolePage {
  readonly page: Page;
  /** Errors of scripts, of the content security policy and of failed requests. */
  readonly complaints: string[] = [];
  /** The hosts of all requests. */
  readonly hosts = new Set<string>();

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patienceMs);
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("request", (request) => this.hosts.add(new URL(request.url()).host));
    page.on("websocket", (socket) => this.hosts.add(new URL(socket.url()).host));
  }

  /** Opens the console of a member. @param endpoint host and port */
  static async open(browser: Browser, endpoint: string, place = ""): Promise<ConsolePage> {
    const opened = new ConsolePage(await browser.newPage({ viewport: wide, reducedMotion: "reduce" }));
    await opened.page.goto(`http://${endpoint}/console/#/${place}`);
    return opened;
  }

  /** Goes to another place of the page that is open. */
  async go(place: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${place}`)}`);
  }

  /** Resolves when the page shows a text. */
  async shows(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Runs axe-core over the page as it is. @param rules those to check; all by default */
  async findings(...rules: readonly string[]): Promise<readonly string[]> {
    await this.page.evaluate(transitionsOver);
    if (!(await this.page.evaluate("'axe' in window"))) await this.page.evaluate(axe.source);
    const options = { resultTypes: ["violations"], ...(rules.length > 0 && { runOnly: rules }) };
    const { violations } = (await this.page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as {
      readonly violations: readonly Violation[];
    };
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    );
  }

  /** Fails if the page scrolls sideways, which it must not do on the narrowest screens. */
  async fits(): Promise<void> {
    const overflow = await this.page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth + " +
        "Math.max(0, ...[...document.querySelectorAll('main')].map((main) => main.scrollWidth - main.clientWidth))",
    );
    expect(overflow).toBe(0);
  }

  /** Keeps a picture of the page for a reader, in the folder that `CONSOLE_SHOTS` names. */
  async shoot(name: string): Promise<void> {
    const folder = process.env.CONSOLE_SHOTS;
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }
}

/** Colours change within a moment when the theme does, and axe-core would take one in between for the colour. */
const transitionsOver = `Promise.all(
  document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
    .map(({ finished }) => finished.catch(() => undefined))
)`;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: program, args: flags });
}
