import { type Logger, systemClock, systemRandom } from "../base/index.js";
import { runProcess, runProgram } from "../cli/index.js";
import { type ProxyHost, proxyProgram } from "../proxy/index.js";
import { clientMemory } from "./client-memory.js";
import { connectionBounds } from "./file-descriptors.js";
import { openLogger } from "./logger.js";
import { memoryLimit } from "./memory-limit.js";
import { watchRuntime } from "./runtime-errors.js";
import { ServiceManager } from "./service-manager.js";
import { toldToStop } from "./signals.js";

/** The exit code after a second signal, when the process ends at once. */
const failed = 1;

/** `etcd gateway` and `etcd grpc-proxy`: runs the command, then exits with its exit code. */
export async function runProxy(words: readonly string[]): Promise<void> {
  await runProcess(words, (argv) => runProgram(proxyProgram(hostOfProcess()), argv, process));
}

function hostOfProcess(): ProxyHost {
  return {
    clock: systemClock,
    random: systemRandom,
    connectionsMax: connectionBounds().clients,
    openLogger(level) {
      const logger = openLogger({ level, outputs: ["stderr"], format: "json", formatGiven: false });
      watchRuntime(logger);
      return logger;
    },
    memory: (logger) => clientMemory(0, memoryLimit().bytes, systemClock, logger),
    async serving(logger: Logger) {
      const manager = ServiceManager.of(process.env, logger, systemClock);
      void manager?.ready();
      await toldToStop((signal) => logger.info("received signal; shutting down", { signal }), failed);
      void manager?.stopping();
    },
  };
}
