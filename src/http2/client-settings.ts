import { ConnectionError, errorCodes, frameBytesMax, settingIds, violation, windowBytesMax } from "./frames.js";

/** What a client has said of itself, as far as a server that never pushes has to know. */
export interface ClientSettings {
  readonly initialWindowBytes?: number;
  /** The smallest of all that were said. */
  readonly tableBytes?: number;
}

/**
 * RFC 9113, 6.5. Of a setting that is given more than once, the last counts.
 *
 * @throws ConnectionError for what no setting may be
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
      default: // what else there is does not concern a server
    }
  }
  return settings;
}
