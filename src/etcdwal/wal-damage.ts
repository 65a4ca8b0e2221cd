/** The raft log of an etcd cannot be used: it is damaged, or incomplete. */
export class WalDamage extends Error {
  override readonly name = "WalDamage";
}
