/**
 * Fires when somebody wants the command to stop, which it then does by its own way out. A second request ends it at
 * once.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
