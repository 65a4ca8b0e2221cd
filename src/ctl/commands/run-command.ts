import { spawn, spawnSync } from "node:child_process";
import { around, type Bytes, bytesOf, complain, Exit, ExitCode, Failure, quote, textOf } from "../../cli/index.js";

/** Go's names of the signals that may kill a command. */
const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGQUIT: "quit",
  SIGILL: "illegal instruction",
  SIGABRT: "aborted",
  SIGFPE: "floating point exception",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGPIPE: "broken pipe",
  SIGALRM: "alarm clock",
  SIGTERM: "terminated",
  SIGUSR1: "user defined signal 1",
  SIGUSR2: "user defined signal 2",
};

/** Runs a command while a lock is held. @throws Failure with the command's exit code */
export function runWhileLocked(command: readonly Bytes[], env: NodeJS.ProcessEnv): Promise<void> {
  const [file = "", ...args] = command.map(textOf);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", () => {
      const reason = `exec: ${quote(bytesOf(file))}: executable file not found in $PATH`;
      reject(new Failure(ExitCode.Error, reason));
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else if (code === null) reject(new Failure(255, `signal: ${signalNames[signal ?? ""] ?? signal}`));
      else reject(new Failure(code, `exit status ${code}`));
    });
  });
}

/** Runs a command for an event of a watch, and waits for its end. @throws Exit when it fails */
export function runForEvent(command: readonly Bytes[], variables: Readonly<Record<string, string>>): void {
  const [file = "", ...args] = command.map(textOf);
  const { status, signal, error } = spawnSync(file, args, {
    env: { ...around.env, ...variables },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status === 0) return;
  const reason =
    error === undefined
      ? signal === null
        ? `exit status ${status}`
        : `signal: ${signal}`
      : `exec: ${quote(bytesOf(file))}: executable file not found in $PATH`;
  complain(`command [${command.map(quote).join(" ")}] error (${reason})`);
  throw new Exit(ExitCode.Error);
}
