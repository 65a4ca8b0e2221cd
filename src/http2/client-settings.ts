import { ConnectionError, errorCodes, frameBytesMax, settingIds, violation, windowBytesMax } from "./frames.js";

/** The settings of a client that matter to a server without push. */
export interface ClientSettings {
  readonly initialWindowBytes?: number;
  /** The smallest value, when the setting is repeated. */
  readonly tableBytes?: number;
}

/**
 * Reads a SETTINGS frame (RFC 9113, 6.5). Except for the table size, the last value of a repeated setting counts.
 *
 * @throws ConnectionError for a value that a setting must not have
 */
export function readSettings(payload: Buffer): ClientSettings {
  if (payload.length % 6 !== 0) throw new ConnectionError(errorCodes.frameSize, "settings that are cut");
  const settings: { initialWindowBytes?: number; tableBytes?: number } = {};
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingIds.headerTableSize:
        settings.tableBytes = Math.min(settings.tableBytes ?? value, value);
        break;
      case settingIds.initialWindowSize:
        if (value > windowBytesMax) throw new ConnectionError(errorCodes.flowControl, "a window that is too large");
        settings.initialWindowBytes = value;
        break;
      case settingIds.maxFrameSize:
        if (value < frameBytesMax || value >= 2 ** 24) throw violation("a frame size that is none");
        break;
      case settingIds.enablePush:
        if (value > 1) throw violation("a setting of push that is none");
        break;
      default: // other settings do not concern a server
    }
  }
  return settings;
}
