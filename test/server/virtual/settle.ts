/** The number of calls of `settle` that wait for the next turn of the event loop. Each has its own immediate. */
let settling = 0;

/** Turns of the event loop, at least twenty seconds, after which something is taken to run for ever. */
const turnsMax = 20_000_000;

/** Runs everything that needs no virtual time: callbacks, promises and file operations. */
export async function settle(): Promise<void> {
  let turns = 0;
  for (let quiet = 0; quiet < 2; ) {
    if (++turns > turnsMax) throw new Error(`does not settle: ${process.getActiveResourcesInfo().join(", ")}`);
    settling++;
    await new Promise((resolve) => setImmediate(resolve));
    settling--;
    const resources = process.getActiveResourcesInfo();
    const immediates = resources.filter((name) => name === "Immediate").length;
    const busy = immediates > settling || resources.some((name) => name.startsWith("FS"));
    quiet = busy ? 0 : quiet + 1;
  }
}
