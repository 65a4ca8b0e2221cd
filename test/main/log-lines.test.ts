import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// Tests that the source has the messages that docs/log-lines.md lists.

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(root, "src", path), "utf8"))
  .join("\n")
  // Long messages are split over lines.
  .replaceAll(/"\s*\+\s*"/g, "");

const literals = new Set(Array.from(source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g), ([, text]) => text));
const templates = Array.from(source.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g), ([, text = ""]) => text.split(/\$\{[^}]*\}/))
  // A template with little text would match any message.
  .filter((parts) => parts.join("").length > 14)
  .map((parts) => new RegExp(`^${parts.map((part) => part.replaceAll(/[^\w ]/g, "\\$&")).join(".*")}$`));

const isLogged = (message: string): boolean =>
  literals.has(message) || templates.some((template) => template.test(message));

const rows = readFileSync(join(root, "docs", "log-lines.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| .* \| (info|warn|error|fatal) \| /.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

test("every message that the page lists as the same is in the source", () => {
  const same = rows.filter(([, , here]) => here === "**same**").map(([message = ""]) => message);
  expect(same.length).toBeGreaterThan(100);
  expect(same.filter((message) => !isLogged(message))).toEqual([]);
});

test("every message that the page lists in place of another is in the source", () => {
  const named = rows.flatMap(([, , here = ""]) => Array.from(here.matchAll(/`([^`]+)`/g), ([, text = ""]) => text));
  // Names of metrics, fields and commands have no spaces or begin with etcd.
  const messages = new Set(named.filter((text) => text.includes(" ") && !text.startsWith("etcd config")));
  expect(messages.size).toBeGreaterThan(10);
  expect([...messages].filter((message) => !isLogged(message))).toEqual([]);
});
