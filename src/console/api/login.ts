import { call } from "./call.js";
import { probeWith } from "./connection.js";
import { info } from "./console.js";
import { textField } from "./json.js";
import { failure, type Result, success } from "./result.js";
import { loggedIn, session } from "./session.js";

/** Asks the member what it is, and asks for a login if it needs one. Resolves with whether it answered. */
export async function meetMember(): Promise<boolean> {
  const answer = await info();
  if (!answer.ok) return answer.error.kind !== "offline" && answer.error.kind !== "no-leader";
  session.update((current) => ({
    ...current,
    info: answer.value,
    asking: answer.value.authEnabled && current.token === undefined,
  }));
  return true;
}

probeWith(meetMember);

/** Logs in as a user of etcd. The password is not kept. */
export async function logIn(name: string, password: string): Promise<Result<undefined>> {
  const answer = await call("auth/authenticate", { name, password }, { anonymous: true });
  if (!answer.ok) return answer;
  const token = textField(answer.value.token);
  if (token === "") return failure("refused", "the server answered without a token");
  loggedIn(name, token);
  return success(undefined);
}
