import type { InspectedMember } from "../../../server/index.js";

/** A member that is looked into, and what hears of damage in its database. */
export interface OpenMember extends InspectedMember {
  readonly damaged: (what: string) => void;
}
