import { SimpleTokens, type SimpleTokensConfig } from "./simple-tokens.js";
import { noTokens, type Tokens } from "./tokens.js";

/**
 * The tokens that `--auth-token` asks for: `simple`, or empty for none. Options follow the kind, as `,name=value`.
 *
 * @throws Error in etcd's words, and what is wrong, when it asks for something else
 */
export async function openTokens(text: string, simple: SimpleTokensConfig): Promise<Tokens> {
  const [kind = "", ...options] = text.split(",");
  const given = new Map<string, string>();
  for (const option of options) {
    const [name = "", value, ...more] = option.split("=");
    if (value === undefined || more.length > 0) throw invalidOptions(`"${option}" is not name=value`);
    if (given.has(name)) throw invalidOptions(`${name} is given twice`);
    given.set(name, value);
  }
  switch (kind) {
    case "simple":
      return new SimpleTokens(simple);
    case "":
      return noTokens;
    default:
      throw invalidOptions(`there is no kind of tokens called "${kind}"; there is simple`);
  }
}

function invalidOptions(why: string): Error {
  return new Error(`auth: invalid auth options: ${why}`);
}
