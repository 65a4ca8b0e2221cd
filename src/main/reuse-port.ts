/** Whether a release of Node.js can share a port with other processes (SO_REUSEPORT). */
export function canReusePort(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
