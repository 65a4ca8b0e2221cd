/** The module that a front end's thread runs. Nothing imports it: `FrontEndThread` starts its bundle. */
import { systemClock as clock, errorText, type Logger, SharedBytes, silentLogger } from "../base/index.js";
import { CallCounters, ConnectionLimit, RemoteServices, SlowCalls } from "../rpc/index.js";
import { enterThread, type Port } from "../threads/index.js";
import { clientMemory } from "./client-memory.js";
import { FrontEnd } from "./front-end.js";
import { type FrontEndData, graceMs, lifeKinds, portNames, readDescriptors, writeOpened } from "./front-end-life.js";
import { jsonLines } from "./log-json.js";
import type { Sharing } from "./ports.js";
import { openClientSecurity } from "./security.js";
import { StartError } from "./start-error.js";
import { frontEndCount } from "./thread-count.js";

/** The wishes of the main thread after the start of this one. */
interface Told {
  /** Resolves when the ports may be opened, and says how. */
  readonly mayOpen: Promise<Sharing>;
  readonly stop: Promise<void>;
}

async function run(): Promise<void> {
  const thread = enterThread(clock);
  const { settings, machineBytes, connectionsMax, place, ...shared } = thread.data as FrontEndData;
  const logger: Logger = jsonLines(settings.log.level, (line) => thread.log.write(line));
  process.removeAllListeners("warning");
  process.on("warning", (warning) => logger.warn("warning from Node.js", { warning: warning.message }));
  const life = thread.port(portNames.life);
  const told = listen(life, place);
  const counters = new CallCounters();
  const sharers = frontEndCount(settings.threads);
  const bytes = new SharedBytes(shared.memory);
  const memory = clientMemory(settings.maxMemoryBytes, machineBytes, clock, logger, bytes, sharers);
  const connections = new ConnectionLimit(connectionsMax, logger, "client", shared.connections);
  const state = new RemoteServices(thread.port(portNames.state), { calls: counters, memory });
  let frontEnd: FrontEnd;
  try {
    const sharing = await told.mayOpen;
    // The ports of all front ends are the same, so the first one logs them.
    const notes = sharing.kind === "further" ? silentLogger : logger;
    const security = await openClientSecurity(settings, clock, logger);
    const parts = { settings, security, memory, connections, counters, clock, logger };
    frontEnd = await FrontEnd.open({ ...parts, notes, sharing });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // The main thread tells the operator.
    life.post(lifeKinds.failed).text(errorText(error));
    return;
  }
  writeOpened(life.post(lifeKinds.opened), frontEnd);
  void told.stop.then(() => frontEnd.stop(graceMs)).then(() => life.post(lifeKinds.stopped));
  await state.ready;
  // The state's thread logs slow calls, since it knows what they asked for.
  frontEnd.serve(state, new SlowCalls(clock, logger, Number.POSITIVE_INFINITY));
  life.post(lifeKinds.serving);
}

function listen(life: Port, place: FrontEndData["place"]): Told {
  let open: (sharing: Sharing) => void = () => undefined;
  let stop: () => void = () => undefined;
  life.listen((kind, message) => {
    if (kind === lifeKinds.share) open({ kind: "further", descriptors: readDescriptors(message) });
    else stop();
  });
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  if (place !== "further") return { mayOpen: Promise.resolve({ kind: place }), stop: stopped };
  const shared = new Promise<Sharing>((resolve) => {
    open = resolve;
  });
  return { mayOpen: shared, stop: stopped };
}

void run();
