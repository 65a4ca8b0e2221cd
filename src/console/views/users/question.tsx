import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type MayAnswer, may } from "../../api/console.js";
import type { ApiError } from "../../api/result.js";
import { type Binary, bytesOfTyped, prefixRange, shownKey, typedForm } from "../../text/binary.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Field } from "../../ui/field.js";
import { Panel } from "../../ui/page.js";
import { Failure } from "../../ui/states.js";
import { Segments } from "../../ui/tabs.js";
import { PermissionText } from "./permission-text.js";

/** The role that may do everything, without a permission that says so. */
const rootRole = "root";

/** A question about the rights of a user. */
interface Asked {
  readonly user: string;
  readonly type: "read" | "write";
  readonly typed: string;
  readonly prefix: boolean;
}

type Answered =
  | { readonly asked: Asked; readonly answer: MayAnswer }
  | { readonly asked: Asked; readonly error: ApiError };

/** "May USER do X on KEY, and why?" */
export function Question({
  users,
  user,
  typedKey = "",
}: {
  readonly users: readonly string[];
  readonly user: Binary | undefined;
  readonly typedKey?: Binary | undefined;
}): VNode {
  const [form, setForm] = useState<Asked>({
    user: user ?? "",
    type: "read",
    typed: typedForm(typedKey),
    prefix: false,
  });
  const [answered, setAnswered] = useState<Answered>();
  const asked = { ...form, user: form.user === "" ? (users[0] ?? "") : form.user };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const key = bytesOfTyped(asked.typed);
    const { user: name, type } = asked;
    const answer = await may({ user: name, type, ...(asked.prefix ? prefixRange(key) : { key }) });
    setAnswered(answer.ok ? { asked, answer: answer.value } : { asked, error: answer.error });
  };
  return (
    <Panel title="May a user do something?">
      <form class="row question" onSubmit={(event) => void submit(event)}>
        <Fields users={users} asked={asked} onAsked={setForm} />
        <Button kind="primary" type="submit" disabled={asked.user === "" || (asked.typed === "" && !asked.prefix)}>
          Ask
        </Button>
      </form>
      <div role="status">{answered !== undefined && <Answer answered={answered} />}</div>
    </Panel>
  );
}

function Fields({
  users,
  asked,
  onAsked,
}: {
  readonly users: readonly string[];
  readonly asked: Asked;
  readonly onAsked: (asked: Asked) => void;
}): VNode {
  return (
    <>
      <Field label="User">
        {(id) => (
          <select
            id={id}
            value={asked.user}
            onChange={(event) => onAsked({ ...asked, user: event.currentTarget.value })}
          >
            {users.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Field>
      <Segments
        label="Kind of access"
        options={[
          { id: "read", title: "Read" },
          { id: "write", title: "Write" },
        ]}
        selected={asked.type}
        onSelect={(type) => onAsked({ ...asked, type: type === "write" ? "write" : "read" })}
      />
      <Field label="Key">
        {(id) => (
          <input
            id={id}
            class="mono"
            value={asked.typed}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => onAsked({ ...asked, typed: event.currentTarget.value })}
          />
        )}
      </Field>
      <label class="check">
        <input
          type="checkbox"
          checked={asked.prefix}
          onChange={(event) => onAsked({ ...asked, prefix: event.currentTarget.checked })}
        />
        <span>and all keys that begin with it</span>
      </label>
    </>
  );
}

function Answer({ answered }: { readonly answered: Answered }): VNode {
  if ("error" in answered) return <Failure error={answered.error} />;
  const { asked, answer } = answered;
  const key = shownKey(bytesOfTyped(asked.typed));
  const what = asked.prefix ? (key === "" ? "all keys" : `all keys that begin with ${key}`) : key;
  return (
    <div class="answer">
      <p class="row">
        <Badge tone={answer.allowed ? "good" : "bad"}>{answer.allowed ? "yes" : "no"}</Badge>
        <span>
          <strong>{asked.user}</strong> {answer.allowed ? "may" : "may not"} {asked.type}{" "}
          <span class="mono">{what}</span>
        </span>
      </p>
      {answer.reason !== "" && <p class="muted">{answer.reason}</p>}
      {answer.why.length > 0 && (
        <ul>
          {answer.why.map(({ role, permission }) => (
            <li key={`${role} ${permission.key} ${permission.rangeEnd}`} class="row">
              <span>
                role <strong>{role}</strong>
              </span>
              {role !== rootRole && <PermissionText permission={permission} />}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
