import type { Logger } from "../base/index.js";
import { readJwtOptions } from "./jwt-options.js";
import { JwtTokens } from "./jwt-tokens.js";
import { SimpleTokens, type SimpleTokensConfig } from "./simple-tokens.js";
import { noTokens, type Tokens } from "./tokens.js";

/** Creates the tokens, once the rest of the member exists. */
export type MakeTokens = (config: SimpleTokensConfig) => Tokens;

/**
 * The tokens that `--auth-token` selects: `simple`, `jwt`, or empty for none. Options follow the kind, as
 * `,name=value`.
 *
 * @throws Error with etcd's text and the reason, for any other value
 */
export async function openTokens(text: string, logger: Logger): Promise<MakeTokens> {
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
      return (config) => new SimpleTokens(config);
    case "jwt": {
      const jwt = await readJwtOptions(given);
      if (jwt.unknown.length > 0) logger.warn("unknown JWT options", { keys: jwt.unknown });
      const library = await JwtTokens.load();
      return ({ clock }) => new JwtTokens(jwt, library, clock, logger);
    }
    case "":
      return () => noTokens;
    default:
      throw invalidOptions(`unknown kind of token "${kind}"; the kinds are simple and jwt`);
  }
}

function invalidOptions(why: string): Error {
  return new Error(`auth: invalid auth options: ${why}`);
}
