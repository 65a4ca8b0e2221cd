import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openLevelBackend, openMemoryBackend } from "../../src/backend/index.js";
import { backendSuite } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "backend-"));
afterAll(() => rmSync(root, { recursive: true }));

let dirs = 0;
backendSuite("LevelDB", () => {
  const dir = join(root, String(dirs++));
  return (options) => openLevelBackend({ dir, ...options });
});
backendSuite("memory", () => openMemoryBackend);
