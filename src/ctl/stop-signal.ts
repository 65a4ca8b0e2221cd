/**
 * Fires when somebody wants the command to stop, which it then does by its own way out. Further requests change
 * nothing: a wrapper script passes on the Ctrl-C that the terminal has sent to everybody already.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}
