/** The module that a front end's thread runs. Nothing imports it: `FrontEndThread` starts it. */
import { systemClock as clock, errorText, type Logger, SharedBytes, silentLogger } from "../base/index.js";
import { CallCounters, ConnectionLimit, RemoteServices, SlowCalls } from "../rpc/index.js";
import { enterThread } from "../threads/index.js";
import { clientMemory } from "./client-memory.js";
import { FrontEnd } from "./front-end.js";
import { type FrontEndData, graceMs, lifeKinds, portNames, writeOpened } from "./front-end-life.js";
import { jsonLines } from "./log-json.js";
import { openClientSecurity } from "./security.js";
import { StartError } from "./start-error.js";

const thread = enterThread(clock);
const { settings, machineBytes, connectionsMax, sharing, ...shared } = thread.data as FrontEndData;
const logger: Logger = jsonLines(settings.log.level, (line) => thread.log.write(line));
process.removeAllListeners("warning");
process.on("warning", (warning) => logger.warn("warning from Node.js", { warning: warning.message }));

// The ports of all front ends are the same, so the first one logs them.
const notes = sharing.kind === "further" ? silentLogger : logger;
const life = thread.port(portNames.life);
const counters = new CallCounters();
const memory = clientMemory(settings.maxMemoryBytes, machineBytes, clock, logger, new SharedBytes(shared.memory));
const connections = new ConnectionLimit(connectionsMax, logger, "client", shared.connections);
const state = new RemoteServices(thread.port(portNames.state), { calls: counters, memory });

/** Opens the ports; undefined when that fails, which the main thread then tells the operator. */
async function open(): Promise<FrontEnd | undefined> {
  try {
    const security = await openClientSecurity(settings, clock, logger);
    return await FrontEnd.open({ settings, security, memory, connections, counters, clock, logger, notes, sharing });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    life.post(lifeKinds.failed).text(errorText(error));
    return undefined;
  }
}

const frontEnd = await open();
if (frontEnd !== undefined) {
  writeOpened(life.post(lifeKinds.opened), frontEnd);
  life.listen(() => {
    void frontEnd.stop(graceMs).then(() => life.post(lifeKinds.stopped));
  });
  await state.ready;
  // The state's thread logs slow calls, since it knows what they asked for.
  frontEnd.serve(state, new SlowCalls(clock, logger, Number.POSITIVE_INFINITY));
  life.post(lifeKinds.serving);
}
