import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";

const folder = new URL("../../dist/console/", import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, folder));
const names = readdirSync(folder).filter((name) => !name.endsWith(".gz"));

test("the console is one page, a script, a style sheet and an icon, each with its gzip", () => {
  expect(names.map((name) => name.replace(/-[0-9a-f]{16}\./, "-HASH.")).sort()).toEqual(
    ["app-HASH.css", "app-HASH.js", "icon.svg", "index.html"].sort(),
  );
  for (const name of names) expect(gunzipSync(read(`${name}.gz`)).equals(read(name)), name).toBe(true);
});

test("all files together have at most 150 KiB compressed", () => {
  const bytes = names.reduce((sum, name) => sum + read(`${name}.gz`).length, 0);
  expect(bytes).toBeLessThanOrEqual(150 * 1024);
});

test("the page loads its own files only, and contains no script or style of its own", () => {
  const page = read("index.html").toString();
  const loaded = Array.from(page.matchAll(/(?:src|href)="([^"]*)"/g), ([, name]) => name);
  expect(loaded.sort()).toEqual(names.filter((name) => name !== "index.html").sort());
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=/i);
});
