import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { generate, protoDirectory } from "../../proto/generator.js";

const target = fileURLToPath(new URL("../../src/wire/generated/", import.meta.url));

test("src/wire/generated is up to date with proto/", () => {
  const wanted = generate(protoDirectory());
  expect(readdirSync(target).sort()).toEqual([...wanted.keys()].sort());
  for (const [name, text] of wanted) expect(readFileSync(target + name, "utf8"), name).toBe(text);
});
