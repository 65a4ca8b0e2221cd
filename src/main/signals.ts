/** Signals that etcd ignores. Node would exit on them, and open a debugger's port on SIGUSR1. */
const idle = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGIO", "SIGPWR", "SIGXCPU"] as const;

/**
 * Ignores the signals that etcd ignores. SIGHUP ends the process, as it ends etcd, unless the process was started with
 * SIGHUP ignored, as `nohup` does. Node discards that state, so `bin/etcd` passes it in the variable SIGHUP_IGNORED. A
 * process that was not started by `bin/etcd` and has no terminal is assumed to run under `nohup`.
 */
export function ignoreIdleSignals(environment: NodeJS.ProcessEnv, onTerminal: boolean): void {
  const { SIGHUP_IGNORED } = environment;
  const nothing = (): void => undefined;
  for (const signal of idle) process.on(signal, nothing);
  if (SIGHUP_IGNORED === "yes" || (SIGHUP_IGNORED === undefined && !onTerminal)) process.on("SIGHUP", nothing);
}

/**
 * Resolves at the first SIGTERM or SIGINT. The second one ends the process at once with exit code `code`.
 *
 * @param received called with the name of the first signal
 */
export function toldToStop(received: (signal: string) => void, code: number): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (told) process.exit(code);
        told = true;
        received(signal);
        resolve();
      });
    }
  });
}
