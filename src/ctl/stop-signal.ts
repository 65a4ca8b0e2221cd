/**
 * A signal that is aborted by SIGINT or SIGTERM, so that the command can clean up and exit. Further signals are
 * ignored: a wrapper script may forward the Ctrl-C that the terminal has sent to all processes already.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}
