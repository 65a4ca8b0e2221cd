import { services as console } from "./generated/console.js";
import { services as election } from "./generated/election.js";
import { services as health } from "./generated/health.js";
import { services as lock } from "./generated/lock.js";
import { services as reflection } from "./generated/reflection.js";
import { services as api } from "./generated/rpc.js";

/** All gRPC services of the client port by full name, with the codecs of their methods. */
export const services = { ...api, ...lock, ...election, ...health, ...console, ...reflection } as const;
