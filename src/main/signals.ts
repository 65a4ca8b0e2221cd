/** Signals that a Go program takes no action on. Node would end, and open a debugger's port at SIGUSR1. */
const idle = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGIO", "SIGPWR", "SIGXCPU"] as const;

/**
 * Lets signals that mean nothing to etcd mean nothing here. SIGHUP ends the process as it ends etcd, unless it was
 * started with SIGHUP ignored, as `nohup` does: Node forgets that, so that `bin/etcd` says it in SIGHUP_IGNORED. A
 * process that was started in another way and has no terminal is taken for one of `nohup`.
 */
export function ignoreIdleSignals(environment: NodeJS.ProcessEnv, onTerminal: boolean): void {
  const { SIGHUP_IGNORED } = environment;
  const nothing = (): void => undefined;
  for (const signal of idle) process.on(signal, nothing);
  if (SIGHUP_IGNORED === "yes" || (SIGHUP_IGNORED === undefined && !onTerminal)) process.on("SIGHUP", nothing);
}

/**
 * Resolves at the first signal to stop; a second one ends the process at once, with `code`.
 *
 * @param received is told of the first
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
