import { call } from "./call.js";
import { probeWith } from "./connection.js";
import { info } from "./console.js";
import { textField } from "./json.js";
import { failure, type Result, success } from "./result.js";
import { type Info, loggedIn, session } from "./session.js";

/** Stands for a server that does not know the call. If it wants a login, it refuses the first call that needs one. */
const unknownMember: Info = { version: "", writes: false, separator: "/", authEnabled: false, memberId: "0" };

/** Asks the member what it is, and asks for a login if it needs one. Resolves with whether it answered. */
export async function meetMember(): Promise<boolean> {
  const answer = await info();
  if (!answer.ok && ["offline", "no-leader", "aborted"].includes(answer.error.kind)) return false;
  const told = answer.ok ? answer.value : unknownMember;
  session.update((current) => ({ ...current, info: told, asking: told.authEnabled && current.token === undefined }));
  return true;
}

probeWith(meetMember);

/** Logs in as a user of etcd. The password is not kept. */
export async function logIn(name: string, password: string): Promise<Result<undefined>> {
  const answer = await call("auth/authenticate", { name, password }, { anonymous: true });
  if (!answer.ok) {
    // Authentication was turned off after the page had asked for a login: then it needs none.
    if (answer.error.message.includes("authentication is not enabled")) await meetMember();
    return answer;
  }
  const token = textField(answer.value.token);
  if (token === "") return failure("refused", "the server answered without a token");
  loggedIn(name, token);
  return success(undefined);
}
