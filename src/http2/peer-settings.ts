import { ConnectionError, errorCodes, frameBytesMax, settingIds, violation, windowBytesMax } from "./frames.js";

/** The settings of the other side that matter here. */
export interface PeerSettings {
  readonly initialWindowBytes?: number;
  /** The most streams that a client may have open; clients' own limits concern pushed streams, which we never send. */
  readonly concurrentMax?: number;
  /** The smallest value, when the setting is repeated. */
  readonly tableBytes?: number;
}

/**
 * Reads a SETTINGS frame (RFC 9113, 6.5). Except for the table size, the last value of a repeated setting counts.
 *
 * @throws ConnectionError for a value that a setting must not have
 */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0)
    throw new ConnectionError(errorCodes.frameSize, "the length of SETTINGS is no multiple of 6");
  const settings: { initialWindowBytes?: number; concurrentMax?: number; tableBytes?: number } = {};
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingIds.headerTableSize:
        settings.tableBytes = Math.min(settings.tableBytes ?? value, value);
        break;
      case settingIds.maxConcurrentStreams:
        settings.concurrentMax = value;
        break;
      case settingIds.initialWindowSize:
        if (value > windowBytesMax)
          throw new ConnectionError(errorCodes.flowControl, "SETTINGS_INITIAL_WINDOW_SIZE is too large");
        settings.initialWindowBytes = value;
        break;
      case settingIds.maxFrameSize:
        if (value < frameBytesMax || value >= 2 ** 24) throw violation("SETTINGS_MAX_FRAME_SIZE is out of range");
        break;
      case settingIds.enablePush:
        if (value > 1) throw violation("SETTINGS_ENABLE_PUSH is neither 0 nor 1");
        break;
      default: // other settings do not matter here
    }
  }
  return settings;
}
