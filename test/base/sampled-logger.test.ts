import { expect, test } from "vitest";
import { ManualClock, SampledLogger, silentLogger } from "../../src/base/index.js";

test("of the lines of a second with one message, the first hundred and then each hundredth are logged", () => {
  const lines: (readonly [string, unknown])[] = [];
  const clock = new ManualClock();
  const warn = (message: string, fields?: object): void => void lines.push([message, fields]);
  const logger = new SampledLogger({ ...silentLogger, warn }, clock);
  for (let at = 1; at <= 350; at++) logger.warn("refused", { at });
  expect(lines.length).toBe(102);
  expect(lines[99]).toEqual(["refused", { at: 100 }]);
  expect(lines[100]).toEqual(["refused", { at: 200, "lines-omitted": 99 }]);
  logger.warn("something else");
  expect(lines.at(-1), "other messages are not affected").toEqual(["something else", {}]);
  clock.advance(1_000);
  logger.warn("refused", { at: 351 });
  expect(lines.at(-1), "the next second begins anew").toEqual(["refused", { at: 351, "lines-omitted": 50 }]);
});
